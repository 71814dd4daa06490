// npm run dev: a sidecar that is rebuilt and restarted whenever one of its files changes. What follows `--` are flags of the
// sidecar: npm run dev -- --log-level debug
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { developmentKey } from './lib/development-key.mjs';
import { installPackages } from './lib/packages.mjs';
import { root } from './lib/run.mjs';
import { startSidecar } from './lib/sidecar.mjs';

installPackages();
const env = developmentKey();

/** Editors and git write several files at once, or one file in several steps. */
const quietMs = 50;

let sidecar;
let timer;
let restarting = Promise.resolve();

for (const folder of ['server/src', 'proto/gen']) {
  watch(join(root, folder), { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(() => (restarting = restarting.then(restart)), quietMs);
  });
}
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => (restarting = restarting.then(stop).then(() => process.exit(0))));
}
restarting = restart();

async function restart() {
  const build = spawn('npm', ['run', '--silent', 'build', '--workspace', 'server'], { cwd: root, stdio: 'inherit' });
  const [code] = await once(build, 'exit');
  // esbuild has printed the error. The previous sidecar keeps running.
  if (code !== 0) return;
  await stop();
  sidecar = startSidecar({
    args: process.argv.slice(2),
    env,
    onServing: ({ store, grpc, http }) => console.log(`Sessions in ${store}: gRPC ${grpc.join(', ')}, metrics ${http}`),
  });
}

async function stop() {
  if (sidecar === undefined || sidecar.exitCode !== null || sidecar.signalCode !== null) return;
  sidecar.kill('SIGTERM');
  await once(sidecar, 'exit');
}
