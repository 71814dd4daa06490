import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
}

/** What a command prints on standard output. @throws Error when it fails, with what it prints on standard error. */
export function outputOf(command: string, args: readonly string[], options: CommandOptions = {}): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 26, ...options });
}

/** How a command ends, whether it succeeds or not. */
export function outcomeOf(command: string, args: readonly string[], options: CommandOptions = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', ...options });
  return { status, stdout, stderr };
}

/** Runs a command while this process goes on, for instance to serve it. @throws Error when the command fails. */
export const execute = promisify(execFile);
