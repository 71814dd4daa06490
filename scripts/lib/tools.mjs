// Programs that tests and images need, installed when they are missing.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { cache, run } from './run.mjs';

/** Programs that are installed for this checkout alone. test/support/tools.ts looks here too. */
const tools = join(cache, 'bin');

/** Returns whether redis-server is available, if necessary after installing the system's package, if that needs no confirmation. */
export function installRedis() {
  const isThere = () => works('redis-server', ['--version']);
  if (!isThere() && canInstall()) installSystemPackages('redis-server');
  return isThere();
}

/** Tests and measurements run against a real Redis. */
export function requireRedis() {
  if (installRedis()) return;
  console.error(
    'This needs redis-server 7 or newer. Get it with: sudo apt-get install redis-server, or: brew install redis',
  );
  process.exit(1);
}

/** Some tests drive a real browser, and are skipped without it. Installs the system's package if that needs no confirmation. */
export function installChromium() {
  if (works('chromium', ['--version'])) return;
  if (!canInstall()) {
    console.error(
      'Without chromium its tests are skipped. Get it with: sudo apt-get install chromium, or: brew install chromium',
    );
  } else if (!installSystemPackages('chromium')) process.exit(1);
}

/** The completion scripts are tested in the shells that run them. Installs the system's packages if that needs no confirmation. */
export function installShells() {
  const missing = ['zsh', 'fish'].filter((shell) => !works(shell, ['-c', 'true']));
  if (missing.length === 0) return;
  if (!canInstall()) {
    console.error(`Without ${missing.join(' and ')}, tests of completion are skipped.`);
  } else if (!installSystemPackages(...missing)) process.exit(1);
}

/** The images are built and run with podman. Returns whether it is available, if necessary after installing it. */
export function installPodman() {
  const isThere = () => works('podman', ['--version']) && works('runc', ['--version']);
  if (!isThere() && canInstall() && !installSystemPackages('podman', 'runc')) process.exit(1);
  return isThere();
}

const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];

function canInstall() {
  return works('apt-get', ['--version']) && (asRoot.length === 0 || works('sudo', ['-n', 'true']));
}

/** Returns whether that succeeded. What it prints says why not. */
function installSystemPackages(...names) {
  console.log(`Installing ${names.join(' and ')} …`);
  return [['update'], ['install', '--yes', '--no-install-recommends', ...names]].every((args) => {
    const [command, ...rest] = [...asRoot, 'apt-get', '-qq', ...args];
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    return spawnSync(command, rest, { env, stdio: 'inherit' }).status === 0;
  });
}

/**
 * Some tests use a real Prometheus, and are skipped without it. Its package is unpacked, because installing it would start a
 * service.
 */
export function installPrometheus() {
  if (works('prometheus', ['--version']) && works('promtool', ['--version'])) return;
  if (!works('apt-get', ['--version'])) {
    console.error('Without prometheus its tests are skipped. Get it with: brew install prometheus');
    return;
  }
  console.log('Unpacking prometheus …');
  const directory = mkdtempSync(join(tmpdir(), 'session-sidecar-prometheus-'));
  try {
    const download = () => works('apt-get', ['-qq', 'download', 'prometheus'], { cwd: directory });
    if (!download()) {
      const [command, ...args] = [...(process.getuid?.() === 0 ? [] : ['sudo', '-n']), 'apt-get', '-qq', 'update'];
      if (!works(command, args) || !download()) {
        console.error('apt-get cannot download prometheus, so its tests are skipped.');
        return;
      }
    }
    const [file] = readdirSync(directory);
    run('dpkg-deb', ['--extract', file, '.'], { cwd: directory });
    mkdirSync(tools, { recursive: true });
    for (const name of ['prometheus', 'promtool']) run('cp', [join(directory, 'usr', 'bin', name), tools]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Some tests render the Kubernetes manifests; without kustomize 5, alone or in kubectl, they are skipped. */
export function installKustomize() {
  const commands = [
    ['kustomize', 'version'],
    ['kubectl', 'version', '--client'],
  ];
  if (commands.some(([command, ...args]) => /^(Kustomize Version: )?v5\./m.test(outputOf(command, args) ?? ''))) return;
  if (!works('go', ['version'])) {
    console.error('Without kustomize 5, kubectl 1.27 or Go to make it, the tests of k8s/ are skipped.');
    return;
  }
  console.log('Building kustomize …');
  const env = { ...process.env, GOBIN: tools };
  if (!works('go', ['install', 'sigs.k8s.io/kustomize/kustomize/v5@v5.7.1'], { env })) {
    console.error('kustomize could not be built, so the tests of k8s/ are skipped.');
  }
}

function works(command, args, options) {
  return outputOf(command, args, options) !== undefined;
}

/** The output of a command; `undefined` if it fails or does not exist. */
function outputOf(command, args, options) {
  const env = { ...process.env, PATH: [tools, process.env.PATH].join(delimiter) };
  try {
    return execFileSync(command, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], ...options });
  } catch {
    return undefined;
  }
}
