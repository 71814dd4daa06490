import { execFileSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { describe } from '@jest/globals';

/** With the programs that scripts/lib/tools.mjs installs for this checkout alone. */
export const env = {
  ...process.env,
  PATH: [join(__dirname, '../../node_modules/.cache/session-sidecar/bin'), process.env['PATH']].join(delimiter),
};

/** What a command prints; `undefined`: it is not there. @throws Error when it fails, with what it says. */
export function run(command: string, args: readonly string[], input = ''): string | undefined {
  try {
    return execFileSync(command, args, { env, encoding: 'utf8', input, stdio: 'pipe' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`);
  }
}

/** `describe`, or a skip that says what is missing. */
export function describeWith(tool: string, isThere: boolean): typeof describe | typeof describe.skip {
  if (isThere) return describe;
  // Not by console, whose lines jest leaves out when it skips a whole file.
  process.stderr.write(`SKIPPED: ${tool} is not there. npm test installs it, or says what to install.\n`);
  return describe.skip;
}
