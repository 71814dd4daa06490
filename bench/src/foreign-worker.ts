import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { childEnvironment, track, within } from './children';
import type { Program } from './languages';
import type { Worker } from './worker';
import type { AnswerOf, WorkerReply } from './worker-protocol';

/** A worker in another language. It reads commands and writes answers, each as a line of JSON. */
export function startForeignWorker<Commands>({ command: program, args, env }: Program): Worker<Commands> {
  const child = spawn(program, args, {
    env: { ...childEnvironment(), ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  track(child);
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${program} ended with exit code ${String(code)}.`);
  });
  // An exit between commands is reported by the next request.
  ended.catch(() => undefined);
  return {
    pid: child.pid!,
    async request(command, options) {
      const line = once(lines, 'line') as Promise<[string]>;
      child.stdin.write(`${JSON.stringify({ command, options })}\n`);
      const [text] = await within(Promise.race([line, ended]), `${program} to ${command}`);
      const reply = JSON.parse(text) as WorkerReply;
      if ('error' in reply) throw new Error(`${program} could not ${command}: ${reply.error}`);
      if (command === 'close') {
        child.stdin.end();
        await within(
          ended.catch(() => undefined),
          `${program} to end`,
        );
      }
      return reply.answer as AnswerOf<Commands, typeof command>;
    },
  };
}
