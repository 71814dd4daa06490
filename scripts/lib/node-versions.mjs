// The Node.js releases that this project is tested on, and a binary of each. Those that are not running already are downloaded from
// npm to node_modules/.cache and nowhere else. As a command, it prints what is available as JSON.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cache, root } from './run.mjs';

/** The newest version of each supported major, and the end of its support. */
export const nodeVersions = JSON.parse(readFileSync(new URL('node-versions.json', import.meta.url), 'utf8'));

/** The major of the image. */
export const imageMajor = Number(/^ARG RUN_IMAGE=\D+(\d+)/m.exec(readFileSync(join(root, 'Dockerfile'), 'utf8'))?.[1]);

/** @returns {string | undefined} the program; `undefined`: npm does not have it for this machine, or cannot be reached */
export function installNode(version) {
  if (version === process.versions.node) return process.execPath;
  // What the package `node` installs, without its install script.
  const prefix = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  const name = `${prefix}-${process.platform}-${process.arch}`;
  const directory = join(cache, 'node', version);
  const command = join(directory, 'node_modules', name, 'bin', 'node');
  if (isVersion(command, version)) return command;
  console.error(`Downloading Node.js ${version} …`);
  const options = ['--no-save', '--no-package-lock', '--ignore-scripts', '--fetch-retries=0', '--loglevel=error'];
  try {
    execFileSync('npm', ['install', '--prefix', directory, ...options, `${name}@${version}`], {
      stdio: ['ignore', process.stderr, process.stderr],
    });
  } catch {
    return undefined;
  }
  return isVersion(command, version) ? command : undefined;
}

/** Whether a command is Node.js of this version. */
export function isVersion(command, version, env = process.env) {
  try {
    return execFileSync(command, ['--version'], { env, encoding: 'utf8', stdio: 'pipe' }).trim() === `v${version}`;
  } catch {
    return false;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(JSON.stringify(nodeVersions.map((one) => ({ ...one, command: installNode(one.version) }))));
}
