import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');

export interface Toolchain {
  readonly command: string;
  readonly env: NodeJS.ProcessEnv;
}

export type Found = Toolchain & { readonly missing?: undefined };
export interface Missing {
  /** What to install. */
  readonly missing: string;
}

/**
 * Finds Go and Python, or what is missing to use them. Downloads the packages that this repository needs. scripts/test.mjs has
 * done so, once for all test files.
 */
export function toolchains(): { readonly go: Found | Missing; readonly python: Found | Missing } {
  const script = join(root, 'scripts', 'lib', 'toolchains.mjs');
  const found =
    process.env['TEST_TOOLCHAINS'] ??
    execFileSync(process.execPath, [script], { encoding: 'utf8', maxBuffer: 1 << 24 });
  return JSON.parse(found) as ReturnType<typeof toolchains>;
}

/** Reports what a test run skips. Writes to standard error, because jest hides the console output of skipped files. */
export function sayIfMissing(what: string, { missing }: Found | Missing): void {
  if (missing !== undefined)
    process.stderr.write(`\nSKIPPED: ${what}, because this machine does not have ${missing}.\n\n`);
}

/** By folder. Even if nothing has changed, a build takes half a second of this process, which others may be waiting for. */
const built = new Map<string, string>();

/** Builds the Go program in a folder of the repository, once for each test file, and returns its path. */
export function buildGo({ command, env }: Toolchain, folder: string): string {
  const known = built.get(folder);
  if (known !== undefined) return known;
  const directory = join(root, 'node_modules', '.cache', 'session-sidecar', 'go', 'built');
  mkdirSync(directory, { recursive: true });
  const program = join(directory, folder.replaceAll('/', '-'));
  const { status, stderr } = spawnSync(command, ['build', '-o', program, '.'], {
    cwd: join(root, folder),
    env,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${folder} does not build: ${stderr}`);
  built.set(folder, program);
  return program;
}

const installed = new Set<string>();

/** Installs a command that scripts/tools/go.mod pins, into a folder on the toolchain's PATH, once for each test file. */
export function installGoCommand({ command, env }: Toolchain, path: string): void {
  if (installed.has(path)) return;
  const { status, stderr } = spawnSync(command, ['install', path], {
    cwd: join(root, 'scripts', 'tools'),
    env,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${path} cannot be installed: ${stderr}`);
  installed.add(path);
}
