// Container images, built with podman. Nothing is pulled: the base images are made from this machine's programs.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './run.mjs';
import { installPodman } from './tools.mjs';

/** Why this machine cannot build and run images; `undefined` if nothing is known to be in the way. */
export function podmanObstacle() {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid() !== 0) return 'it needs root, for containers beside a Redis of this machine';
  if (!installPodman()) return 'it needs podman and runc, and may not install them';
}

/**
 * Podman, isolated from the machine's own containers, with minimal demands on the kernel. `remove()` ends all that it runs and
 * deletes what it stores.
 */
export function isolatedPodman() {
  const directory = mkdtempSync(join(tmpdir(), 'session-sidecar-image-'));
  const env = { ...process.env, ...settings(directory) };
  const podman = (...args) => execFileSync('podman', args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
  return {
    directory,
    env,
    podman,
    remove() {
      spawnSync('podman', ['rm', '--all', '--force', '--time', '0'], { env });
      spawnSync('podman', ['image', 'umount', '--all', '--force'], { env });
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Makes `localhost/run-base` and runs an empty container in it. Returns why that does not work; `undefined` if it does. */
export function troubleRunning({ podman, directory, env }) {
  try {
    const rootless = execFileSync('podman', ['info', '--format', '{{.Host.Security.Rootless}}'], {
      env,
      encoding: 'utf8',
    });
    if (rootless.trim() !== 'false') return 'root here may not do what podman needs, CAP_SYS_ADMIN above all';
    makeImage({ podman, directory }, 'localhost/run-base', runBase);
    podman('run', '--rm', '--network', 'host', 'localhost/run-base', '-e', '0');
  } catch (error) {
    return `it cannot run a container (${error.message}; see above)`;
  }
}

/**
 * Returns a function that builds a Dockerfile from bases of this machine, given a name and more arguments. After
 * {@link troubleRunning}, which makes one of the bases.
 */
export function imageBuilder({ podman, directory }) {
  makeImage({ podman, directory }, 'localhost/build-base', buildBase);
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const revision = git('rev-parse', 'HEAD');
  const buildArguments = ['BUILD_IMAGE=localhost/build-base', 'RUN_IMAGE=localhost/run-base', `REVISION=${revision}`];
  // Files get the time of the last commit, on every machine.
  const time = git('log', '-1', '--format=%ct');
  return (name, ...args) => {
    console.log(`Building ${name} …`);
    podman(
      ...['build', '--quiet', '--pull=never', '--no-cache', '--layers=false', '--timestamp', time, '--tag', name],
      ...buildArguments.flatMap((argument) => ['--build-arg', argument]),
      ...npmMounts(),
      ...[...args, '.'],
    );
  };
}

/**
 * An image with a few of this machine's programs and their libraries.
 *
 * @param {(add: (program: string, path: string) => void, rootfs: string) => string} fill adds programs, and returns the
 *   instructions of its Dockerfile
 */
export function makeImage({ podman, directory }, name, fill) {
  const rootfs = mkdtempSync(join(directory, 'rootfs-'));
  chmodSync(rootfs, 0o755);
  const copy = (source, path) => {
    mkdirSync(dirname(join(rootfs, path)), { recursive: true });
    cpSync(realpathSync(source), join(rootfs, path));
  };
  const instructions = fill((program, path) => {
    copy(program, path);
    for (const library of librariesOf(program)) copy(library, library);
  }, rootfs);
  mkdirSync(join(rootfs, 'etc'), { recursive: true });
  writeFileSync(
    join(rootfs, 'etc/passwd'),
    'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n',
  );
  const file = `${rootfs}.Dockerfile`;
  writeFileSync(file, `FROM scratch\nCOPY . /\n${instructions}\n`);
  podman('build', '--quiet', '--timestamp', '0', '--tag', name, '--file', file, rootfs);
}

/** None if the program is linked statically. */
function librariesOf(program) {
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' });
  return stdout.match(/\/\S+/g) ?? [];
}

/** The path of a program of this machine. */
export function which(name) {
  return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
}

function settings(directory) {
  const storage = { driver: 'vfs', graphroot: join(directory, 'storage'), runroot: join(directory, 'run') };
  const toml = (table) => Object.entries(table).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
  writeFileSync(join(directory, 'storage.conf'), ['[storage]\n', ...toml(storage)].join(''));
  // npm opens more than the usual 1024 files, and only what this process may do, its containers may.
  const [, files] = /^Max open files +\d+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  const containers = { default_ulimits: [`nofile=${files}:${files}`, 'nproc=1024:1024'], log_driver: 'k8s-file' };
  const engine = {
    cgroup_manager: 'cgroupfs',
    events_logger: 'none',
    runtime: 'runc',
    tmp_dir: join(directory, 'libpod'),
    volume_path: join(directory, 'volumes'),
  };
  const lines = ['[containers]\n', ...toml(containers), '[engine]\n', ...toml(engine)];
  writeFileSync(join(directory, 'containers.conf'), lines.join(''));
  const temporary = join(directory, 'tmp');
  mkdirSync(temporary);
  return {
    CONTAINERS_CONF: join(directory, 'containers.conf'),
    CONTAINERS_STORAGE_CONF: join(directory, 'storage.conf'),
    BUILDAH_ISOLATION: 'chroot',
    TMPDIR: temporary,
  };
}

/** This machine's npm configuration, during a build only: it does not become part of a layer. */
function npmMounts() {
  const settings = JSON.parse(execFileSync('npm', ['config', 'list', '--json'], { cwd: root, encoding: 'utf8' }));
  const { cache, cafile, globalconfig, userconfig } = settings;
  return [
    [cache, '/root/.npm'],
    [cafile, cafile],
    [globalconfig, '/usr/etc/npmrc'],
    [userconfig, '/root/.npmrc'],
  ]
    .filter(([source]) => source && existsSync(source))
    .flatMap(([source, target]) => ['--volume', `${source}:${target}`]);
}

/** Node.js at its path in distroless. */
function runBase(add) {
  add(process.execPath, '/nodejs/bin/node');
  return 'ENTRYPOINT ["/nodejs/bin/node"]';
}

/** Node.js, npm, and the system files that `npm ci` and `npm run` need. */
function buildBase(add, rootfs) {
  add(process.execPath, '/usr/bin/node');
  for (const [name, path] of Object.entries({ sh: '/bin/sh', rm: '/bin/rm', env: '/usr/bin/env' }))
    add(which(name), path);
  cpSync(dirname(dirname(realpathSync(which('npm')))), join(rootfs, 'usr/lib/node_modules/npm'), { recursive: true });
  mkdirSync(join(rootfs, 'tmp'), { mode: 0o1777 });
  writeFileSync(
    join(rootfs, 'usr/bin/npm'),
    '#!/bin/sh\nexec /usr/bin/node /usr/lib/node_modules/npm/bin/npm-cli.js "$@"\n',
  );
  chmodSync(join(rootfs, 'usr/bin/npm'), 0o755);
  return 'ENV PATH=/usr/bin:/bin HOME=/root';
}
