import { execFileSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { describe } from '@jest/globals';

/** The environment, with the programs on PATH that scripts/lib/tools.mjs installs for this checkout. */
export const env = {
  ...process.env,
  PATH: [join(__dirname, '../../node_modules/.cache/session-sidecar/bin'), process.env['PATH']].join(delimiter),
};

/** The output of a command; `undefined` if it is not installed. @throws Error with its output, if it fails */
export function run(command: string, args: readonly string[], input = ''): string | undefined {
  try {
    return execFileSync(command, args, { env, encoding: 'utf8', input, stdio: 'pipe' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`);
  }
}

/** `describe`, or `describe.skip` with a notice of what is missing. */
export function describeWith(tool: string, isThere: boolean): typeof describe | typeof describe.skip {
  if (isThere) return describe;
  // Not to the console, whose output jest hides if it skips a whole file.
  process.stderr.write(`SKIPPED: ${tool} is not installed. npm test installs it, or reports what to install.\n`);
  return describe.skip;
}
