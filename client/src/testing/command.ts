import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** A program and its arguments. */
export type Command = readonly string[];

const variable = 'SESSION_SIDECAR_TEST_COMMAND';
const installed = join('node_modules', '@session-sidecar', 'server', 'dist', 'main.js');

/**
 * How to run the sidecar: the words of `SESSION_SIDECAR_TEST_COMMAND`, the npm package in `directory` or a folder above it, or a
 * program on the `PATH`.
 *
 * @throws Error if there is no sidecar
 */
export function findCommand(env: NodeJS.ProcessEnv, directory: string): Command {
  const words = (env[variable] ?? '').split(/\s+/).filter((word) => word !== '');
  if (words.length > 0) return words;
  const main = foldersFrom(directory)
    .map((folder) => join(folder, installed))
    .find(existsSync);
  if (main !== undefined) return [process.execPath, main];
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const program = folders.map((folder) => join(folder, 'session-sidecar')).find(existsSync);
  if (program !== undefined) return [program];
  throw new Error(
    `There is no session sidecar in node_modules and none on the PATH. Install it with \`npm install --save-dev @session-sidecar/server\`, or set ${variable} to a command that runs it.`,
  );
}

/** A folder and all those above it. */
function foldersFrom(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...foldersFrom(parent)];
}
