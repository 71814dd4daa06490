import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
}

/** Runs a command and returns its standard output. @throws Error with its standard error, if it fails */
export function outputOf(command: string, args: readonly string[], options: CommandOptions = {}): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 26, ...options });
}

/** Runs a command and returns how it ended. Does not throw if it fails. */
export function outcomeOf(command: string, args: readonly string[], options: CommandOptions = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', ...options });
  return { status, stdout, stderr };
}

/** Runs a command without blocking this process, which may have to serve it. @throws Error if the command fails */
export const execute = promisify(execFile);
