import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { childEnvironment, track, within } from './children';
import type { AnswerOf, CommandOf, OptionsOf, WorkerReply } from './worker-protocol';

/** A child process that executes one command at a time. */
export interface Worker<Commands> {
  readonly pid: number;
  request<C extends CommandOf<Commands>>(command: C, options: OptionsOf<Commands, C>): Promise<AnswerOf<Commands, C>>;
}

/** @param script in the folder of this file */
export function startWorker<Commands>(script: string, execArgv: string[] = []): Worker<Commands> {
  const child = track(fork(join(__dirname, script), { env: childEnvironment(), execArgv }));
  return {
    pid: child.pid!,
    async request(command, options) {
      const reply = new Promise<WorkerReply>((resolve, reject) => {
        const onExit = (code: number | null): void => {
          reject(new Error(`${script} ended with exit code ${String(code)}.`));
        };
        child.once('exit', onExit);
        child.once('message', (message) => {
          child.off('exit', onExit);
          resolve(message as WorkerReply);
        });
      });
      child.send({ command, options });
      const answer = await within(reply, `${script} to ${command}`);
      if (command === 'close' && child.exitCode === null) await within(once(child, 'exit'), `${script} to end`);
      if ('error' in answer) throw new Error(`${script} could not ${command}: ${answer.error}`);
      return answer.answer as AnswerOf<Commands, typeof command>;
    },
  };
}
