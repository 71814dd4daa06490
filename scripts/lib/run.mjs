// Shared by all commands. Uses only Node.js, because no package is installed before `npm ci`.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the commands build or download for this checkout alone. `npm ci` removes it. */
export const cache = join(root, 'node_modules', '.cache', 'session-sidecar');

/** Runs a command with its output shown. If it fails, ends this process with the same exit code. */
export function run(command, args, options = {}) {
  const { status, signal } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (status !== 0) process.exit(status ?? (signal === 'SIGINT' ? 130 : 1));
}

/**
 * Runs the last command of a script with its output shown: passes on the signals that this process gets, and ends with the same exit
 * code. `run` would leave the command running when a signal ends this process alone.
 */
export async function handOver(command, args, options = {}) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const [code, signal] = await once(child, 'exit');
  process.exit(code ?? 128 + constants.signals[signal]);
}
