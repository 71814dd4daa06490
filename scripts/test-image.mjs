// npm run test:image: builds the images with podman, the sidecar's twice, and tests what runs. On a machine that cannot run
// containers, it prints that and succeeds.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { imageBuilder, isolatedPodman, podmanObstacle, troubleRunning } from './lib/images.mjs';
import { installPackages } from './lib/packages.mjs';
import { root, run } from './lib/run.mjs';
import { requireRedis } from './lib/tools.mjs';

const obstacle = podmanObstacle();
if (obstacle !== undefined) skip(obstacle);
else {
  installPackages();
  requireRedis();
  // The content of the image is compared with it.
  run('npm', ['run', '--silent', 'build', '--workspace', 'server']);
  const isolated = isolatedPodman();
  // Ctrl-C reaches the children too; this process is needed to clean up after them.
  process.on('SIGINT', () => {});
  try {
    const trouble = troubleRunning(isolated);
    if (trouble === undefined) process.exitCode = buildAndTest(isolated);
    else skip(trouble);
  } finally {
    isolated.remove();
  }
}

function skip(reason) {
  console.log(`\nIMAGES NOT TESTED on this machine: ${reason}.\n`);
}

function buildAndTest(isolated) {
  const build = imageBuilder(isolated);
  build('localhost/session-sidecar:test');
  build('localhost/session-sidecar:again');
  build('localhost/shop:test', '--file', 'examples/express/Dockerfile');
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const config = join(root, 'test', 'image', 'jest.config.mjs');
  const { env } = isolated;
  return spawnSync(process.execPath, [jest, '--config', config], { cwd: root, env, stdio: 'inherit' }).status ?? 1;
}
