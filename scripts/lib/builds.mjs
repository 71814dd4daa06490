import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

/** When a file of the builds that tests run was last written, in ms since the epoch. */
export function lastBuild() {
  const files = ['proto', 'client', 'server'].flatMap((folder) => {
    const dist = join(root, folder, 'dist');
    return readdirSync(dist, { recursive: true }).map((file) => join(dist, file));
  });
  return Math.max(...files.map((file) => statSync(file).mtimeMs));
}
