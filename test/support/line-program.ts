import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { CommandOptions } from './commands';

/** A program that answers each line of its standard input with one line of its standard output. */
export interface LineProgram {
  /** Sends a line and resolves to the answer. @throws Error with the program's standard error, if the program has ended */
  ask(line: string): Promise<string>;
  /** Closes the program's standard input, and waits for the program to end. */
  close(): Promise<void>;
}

export function startLineProgram(
  command: string,
  args: readonly string[],
  { cwd, env }: Omit<CommandOptions, 'input'> = {},
): LineProgram {
  const child = spawn(command, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  return {
    async ask(line) {
      child.stdin.write(`${line}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`${command} ended without an answer to ${line}: ${stderr}`);
      return value;
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
