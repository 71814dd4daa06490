// What every command needs. Uses nothing but Node.js, because nothing else is there before `npm ci`.
import { spawnSync } from 'node:child_process';
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
