import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { imageBuilder, isolatedPodman, makeImage, troubleRunning, which } from '../lib/images.mjs';
import { cache, root } from '../lib/run.mjs';

const sources = [
  ...['Dockerfile', '.dockerignore', 'examples/express', 'proto', 'client', 'server', 'package-lock.json'],
  ...['scripts/lib/images.mjs', 'scripts/cluster/images.mjs'],
];

/**
 * Builds the images that the manifests name, unless nothing has changed that they are built from: the sidecar and the example shop
 * by their Dockerfiles, Redis from this machine's redis-server, and the first process of every pod.
 *
 * @param {string} pause the program of the last
 * @returns {{ missing: string } | { archives: string[] }} files for `ctr images import`
 */
export function buildImages(pause) {
  const { version } = JSON.parse(readFileSync(join(root, 'server', 'package.json'), 'utf8'));
  const names = {
    sidecar: `docker.io/library/session-sidecar:${version}`,
    shop: `docker.io/library/session-sidecar-shop:${version}`,
    redis: redisImage(),
    pause: 'docker.io/library/pause:local',
  };
  const directory = join(cache, 'cluster', 'images');
  const archives = Object.keys(names).map((name) => join(directory, `${name}.tar`));
  const mark = join(directory, 'sources.sha256');
  const wanted = fingerprint(pause);
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return { archives };
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const isolated = isolatedPodman();
  try {
    const trouble = troubleRunning(isolated);
    if (trouble !== undefined) return { missing: trouble };
    const build = imageBuilder(isolated);
    build(names.sidecar);
    build(names.shop, '--file', 'examples/express/Dockerfile');
    makeImage(isolated, names.redis, (add) => {
      add(which('redis-server'), '/usr/bin/redis-server');
      // As in the official image, only a NetworkPolicy protects it.
      return 'ENTRYPOINT ["/usr/bin/redis-server", "--protected-mode", "no"]';
    });
    makeImage(isolated, names.pause, (add) => {
      add(pause, '/pause');
      return 'USER 65532:65532\nENTRYPOINT ["/pause"]';
    });
    Object.values(names).forEach((name, index) => {
      isolated.podman('save', '--quiet', '--format', 'docker-archive', '--output', archives[index], name);
    });
  } finally {
    isolated.remove();
  }
  writeFileSync(mark, wanted);
  return { archives };
}

/** The name of the image in overlays/dev. */
function redisImage() {
  const manifest = readFileSync(join(root, 'k8s', 'overlays', 'dev', 'redis.yaml'), 'utf8');
  return `docker.io/library/${/^ +image: (redis:\S+)$/m.exec(manifest)[1]}`;
}

/** Changes with everything that the images are built from. */
function fingerprint(pause) {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', ...sources];
  const files = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).split('\0');
  const hash = createHash('sha256').update(process.version).update(readFileSync(pause));
  hash.update(execFileSync('redis-server', ['--version']));
  for (const file of files.filter((name) => name !== '' && existsSync(join(root, name))))
    hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}
