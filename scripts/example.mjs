// npm run example:<name>: an app of examples/ together with a sidecar, until Ctrl-C. PORT says where, by default 3000.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { installPackages } from './lib/packages.mjs';
import { root, run } from './lib/run.mjs';

const [name = ''] = process.argv.slice(2);
const directory = join(root, 'examples', name);
if (!/^[\w-]+$/.test(name) || !existsSync(join(directory, 'package.json'))) {
  throw new Error(`Expected the name of a directory in examples/, got \`${name}\``);
}
installPackages();
run('npm', ['run', '--silent', 'build']);

/** All running processes. The first that ends ends the others. */
const running = new Set();
let stopping = false;

// Ctrl-C reaches the children, too, like the whole foreground; a signal to this process alone does not.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);

const sidecarArgs = ['--grpc-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0', '--log-level', 'info'];
const sidecar = start('sidecar', join(root, 'server', 'dist', 'main.js'), sidecarArgs, signingKey());
const serving = await lineOf(sidecar, (line) => (line.includes('"msg":"serving"') ? JSON.parse(line) : undefined));
const app = start('app', join(directory, 'dist', 'main.js'), [], { SIDECAR_ADDRESS: serving.grpc[0] });
const url = await lineOf(app, (line) => /https?:\/\/\S+/.exec(line)?.[0]);

await Promise.all([answers(`${serving.http}/readyz`), answers(url)]);
console.log(`
${name} example: ${url}
  sessions in ${serving.store === 'redis' ? 'Redis' : 'memory (set REDIS_URL to keep them in Redis)'}, metrics at ${serving.http}/metrics

Stop it with Ctrl-C.`);

function start(role, script, args, env) {
  const child = spawn(process.execPath, [script, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  child.on('exit', (code, signal) => {
    running.delete(child);
    if (stopping) return;
    console.error(`The ${role} ended (${signal ?? `exit code ${code}`}).`);
    process.exitCode = 1;
    stop();
  });
  return child;
}

function stop() {
  stopping = true;
  for (const child of running) child.kill('SIGTERM');
}

/** The first line in which `find` finds something. Later lines are read, too, so that the child can keep writing. */
function lineOf(child, find) {
  return new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = find(line);
      if (found !== undefined) resolve(found);
    });
  });
}

async function answers(target) {
  while (!stopping) {
    const response = await fetch(target).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Sessions in Redis need a key. A key for this run suffices, because the example's sessions end with it. */
function signingKey() {
  const { SESSION_SIDECAR_SIGNING_KEYS, SESSION_SIDECAR_SIGNING_KEYS_FILE } = process.env;
  if (SESSION_SIDECAR_SIGNING_KEYS || SESSION_SIDECAR_SIGNING_KEYS_FILE) return {};
  return { SESSION_SIDECAR_SIGNING_KEYS: randomBytes(32).toString('base64') };
}
