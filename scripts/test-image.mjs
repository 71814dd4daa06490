// npm run test:image: builds the images with podman, the sidecar's twice, and tests what runs. On a machine that cannot run
// containers, it prints that and succeeds. Nothing is pulled: the base images are made from this machine's programs.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { installPackages } from './lib/packages.mjs';
import { root, run } from './lib/run.mjs';
import { installPodman, requireRedis } from './lib/tools.mjs';

const obstacle = obstacleHere();
if (obstacle !== undefined) skip(obstacle);
else {
  installPackages();
  requireRedis();
  // The content of the image is compared with it.
  run('npm', ['run', '--silent', 'build', '--workspace', 'server']);
  const directory = mkdtempSync(join(tmpdir(), 'session-sidecar-image-'));
  const env = { ...process.env, ...podmanSettings(directory) };
  const podman = (...args) => execFileSync('podman', args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
  // Ctrl-C reaches the children too; this process is needed to clean up after them.
  process.on('SIGINT', () => {});
  try {
    const trouble = troubleRunning(podman, directory, env);
    if (trouble === undefined) process.exitCode = buildAndTest(podman, directory, env);
    else skip(trouble);
  } finally {
    spawnSync('podman', ['rm', '--all', '--force', '--time', '0'], { env });
    spawnSync('podman', ['image', 'umount', '--all', '--force'], { env });
    rmSync(directory, { recursive: true, force: true });
  }
}

function obstacleHere() {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid() !== 0) return 'it needs root, for containers beside a Redis of this machine';
  if (!installPodman()) return 'it needs podman and runc, and may not install them';
}

/** Whether an empty container runs. */
function troubleRunning(podman, directory, env) {
  try {
    const rootless = execFileSync('podman', ['info', '--format', '{{.Host.Security.Rootless}}'], {
      env,
      encoding: 'utf8',
    });
    if (rootless.trim() !== 'false') return 'root here may not do what podman needs, CAP_SYS_ADMIN above all';
    makeBase(podman, join(directory, 'run-base'), 'localhost/run-base', runBase);
    podman('run', '--rm', '--network', 'host', 'localhost/run-base', '-e', '0');
  } catch (error) {
    return `it cannot run a container (${error.message}; see above)`;
  }
}

function skip(reason) {
  console.log(`\nIMAGES NOT TESTED on this machine: ${reason}.\n`);
}

/** Podman, isolated from the machine's own containers, with minimal demands on the kernel. */
function podmanSettings(directory) {
  const storage = { driver: 'vfs', graphroot: join(directory, 'storage'), runroot: join(directory, 'run') };
  const toml = (table) => Object.entries(table).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
  writeFileSync(join(directory, 'storage.conf'), ['[storage]\n', ...toml(storage)].join(''));
  const containers = { default_ulimits: ['nofile=1024:1024', 'nproc=1024:1024'], log_driver: 'k8s-file' };
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

function buildAndTest(podman, directory, env) {
  makeBase(podman, join(directory, 'build-base'), 'localhost/build-base', buildBase);
  const bases = ['BUILD_IMAGE=localhost/build-base', 'RUN_IMAGE=localhost/run-base'];
  const build = (name, ...args) => {
    console.log(`Building ${name} …`);
    // Files get the time of the last commit, on every machine.
    const time = execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }).trim();
    podman(
      ...['build', '--quiet', '--pull=never', '--no-cache', '--layers=false', '--timestamp', time, '--tag', name],
      ...bases.flatMap((base) => ['--build-arg', base]),
      ...npmMounts(),
      ...[...args, '.'],
    );
  };
  build('localhost/session-sidecar:test');
  build('localhost/session-sidecar:again');
  build('localhost/shop:test', '--file', 'examples/express/Dockerfile');
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const config = join(root, 'test', 'image', 'jest.config.mjs');
  return spawnSync(process.execPath, [jest, '--config', config], { cwd: root, env, stdio: 'inherit' }).status ?? 1;
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

/** An image with a few of this machine's programs and their libraries. */
function makeBase(podman, rootfs, name, fill) {
  const copy = (source, path) => {
    mkdirSync(dirname(join(rootfs, path)), { recursive: true });
    cpSync(realpathSync(source), join(rootfs, path));
  };
  const instructions = fill((program, path) => {
    copy(program, path);
    const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
    for (const library of libraries) copy(library, library);
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

function which(name) {
  return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
}
