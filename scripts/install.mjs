// What the other commands need, installed when it is missing. Uses nothing but Node.js, because nothing else is there yet.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs a command with its output shown, and ends this process as it ended when it fails. */
export function run(command, args, options = {}) {
  const { status, signal } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (status !== 0) process.exit(status ?? (signal === 'SIGINT' ? 130 : 1));
}

/** Installs the npm packages that package-lock.json lists, unless just that was done before. */
export function installPackages() {
  const mark = join(root, 'node_modules', '.installed');
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lock) return;
  console.log('Installing npm packages …');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error']);
  writeFileSync(mark, lock);
}

/** The tests run against a real Redis. Installs it from the system's packages where that is possible without asking. */
export function installRedis() {
  if (works('redis-server', ['--version'])) return;
  if (!canInstall()) {
    console.error(
      'The tests need redis-server 7 or newer. Get it with: sudo apt-get install redis-server, or: brew install redis',
    );
    process.exit(1);
  }
  installSystemPackages('redis-server');
}

/** The images are built and run with podman. Returns whether it is there, now or after installing it. */
export function installPodman() {
  const isThere = () => works('podman', ['--version']) && works('runc', ['--version']);
  if (!isThere() && canInstall()) installSystemPackages('podman', 'runc');
  return isThere();
}

const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];

function canInstall() {
  return works('apt-get', ['--version']) && (asRoot.length === 0 || works('sudo', ['-n', 'true']));
}

function installSystemPackages(...names) {
  console.log(`Installing ${names.join(' and ')} …`);
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', ...names]]) {
    const [command, ...rest] = [...asRoot, 'apt-get', '-qq', ...args];
    run(command, rest, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  }
}

function works(command, args) {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) installPackages();
