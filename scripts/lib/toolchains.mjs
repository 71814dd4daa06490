// Go and Python toolchains. If they are installed, the packages they need are downloaded to node_modules/.cache. As a command,
// it prints what is available as JSON.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cache, root } from './run.mjs';

const tools = join(root, 'scripts', 'tools');

/**
 * @typedef {{ missing: string }} Missing what to install
 * @typedef {{ command: string, env: Record<string, string | undefined> }} Toolchain what to run, and with which environment
 */

/** @returns {Toolchain | Missing} whose PATH has the commands of scripts/tools/go.mod */
export function goToolchain() {
  const [major, minor] = versionOf('go', ['env', 'GOVERSION'], { GOTOOLCHAIN: 'local' });
  if (!(major === 1 && minor >= 24)) return { missing: 'Go 1.24 or newer' };
  const bin = join(cache, 'go', 'bin');
  const env = {
    ...process.env,
    PATH: `${bin}:${process.env.PATH}`,
    GOPATH: join(cache, 'go'),
    GOMODCACHE: join(cache, 'go', 'mod'),
    GOTOOLCHAIN: 'local',
    GOWORK: 'off',
    // The first: Go would create read-only files there, which npm cannot remove with node_modules. The last: what was built in one
    // clone is found by the next in Go's own cache, which takes most of the time.
    GOFLAGS: `${process.env.GOFLAGS ?? ''} -modcacherw -buildvcs=false -trimpath`.trim(),
  };
  return { command: 'go', env };
}

/**
 * @param {string} name of the virtual environment
 * @param {string} list of the packages in it, all that they need included
 * @returns {Toolchain | Missing} a virtual environment which finds the packages of this repository, too
 */
export function pythonToolchain(name = 'python', list = join(tools, 'requirements.txt')) {
  const system = ['python3', 'python'].find((candidate) => {
    const [major, minor] = versionOf(candidate, ['-c', 'import sys, venv, ensurepip; print(sys.version)']);
    return major === 3 && minor >= 10;
  });
  if (system === undefined) return { missing: 'Python 3.10 or newer with its venv module' };
  const directory = join(cache, name);
  const command = join(directory, 'bin', 'python');
  const env = {
    ...process.env,
    PATH: `${join(directory, 'bin')}:${process.env.PATH}`,
    PYTHONPATH: ['proto/gen/python', 'client/python'].map((path) => join(root, path)).join(':'),
    PYTHONDONTWRITEBYTECODE: '1',
    PIP_CACHE_DIR: join(cache, 'pip'),
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
  };
  const wanted = readFileSync(list, 'utf8');
  const mark = join(directory, '.installed');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return { command, env };
  console.error('Installing Python packages …');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const stdio = ['ignore', process.stderr, process.stderr];
  execFileSync(system, ['-m', 'venv', directory], { stdio });
  execFileSync(command, ['-m', 'pip', 'install', '--quiet', '--no-deps', '-r', list], { env, stdio });
  writeFileSync(mark, wanted);
  return { command, env };
}

/** Builds the generators that scripts/tools/go.mod pins, and returns an environment with them in PATH. */
export function goGenerators({ command, env }) {
  const generators = ['google.golang.org/protobuf/cmd/protoc-gen-go', 'google.golang.org/grpc/cmd/protoc-gen-go-grpc'];
  execFileSync(command, ['install', ...generators], { cwd: tools, env, stdio: ['ignore', 'inherit', 'inherit'] });
  return env;
}

/** The first two numbers that a command prints; none if it cannot be run. */
function versionOf(command, args, env = {}) {
  const { stdout, status } = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, ...env } });
  return status === 0 ? (/(\d+)\.(\d+)/.exec(stdout)?.slice(1).map(Number) ?? []) : [];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(JSON.stringify({ go: goToolchain(), python: pythonToolchain() }));
}
