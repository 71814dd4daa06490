// npm run demo: the shop of examples/demo with a sidecar, until Ctrl-C. PORT says where, by default 3000 or, if that is in use, any
// free port. Sessions are in REDIS_URL, or in a Redis of its own, or without redis-server in memory. What follows `--` are flags of
// the sidecar: npm run demo -- --idle-timeout 1m
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPackages } from './lib/packages.mjs';
import { lineOf, ProcessGroup } from './lib/process-group.mjs';
import { runExample } from './lib/run-example.mjs';
import { root, run } from './lib/run.mjs';
import { installRedis } from './lib/tools.mjs';

installPackages();
const workspaces = ['proto', 'client', 'server', 'examples/demo'].flatMap((folder) => ['--workspace', folder]);
run('npm', ['run', '--silent', 'build', ...workspaces]);

const group = new ProcessGroup();
const { PORT, REDIS_URL, SESSION_SIDECAR_REDIS_URL } = process.env;
const redisUrl = SESSION_SIDECAR_REDIS_URL || REDIS_URL || (await startRedis());
const { url, serving } = await runExample(group, join(root, 'examples', 'demo'), {
  args: process.argv.slice(2),
  env: {
    PORT: PORT || String((await freePort(3000)) ?? (await freePort(0))),
    // Otherwise, a session that "ends soon" would live for another minute.
    SESSION_SIDECAR_TOUCH_INTERVAL: process.env.SESSION_SIDECAR_TOUCH_INTERVAL ?? '5s',
    ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
  },
});
console.log(`
The demo is at ${url}
  sessions in ${redisUrl === undefined ? 'memory (install redis-server, or set REDIS_URL, to see what Redis does)' : `Redis at ${redisUrl}`}
  metrics at ${serving.http}/metrics

Stop it with Ctrl-C.`);

/** The URL of an empty Redis that stores nothing on disk; `undefined`: redis-server cannot be had. */
async function startRedis() {
  if (!installRedis()) return undefined;
  const port = String(await freePort(0));
  const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', tmpdir()];
  const redis = group.start('redis-server', 'redis-server', args);
  await lineOf(redis, (line) => (line.includes('Ready to accept connections') ? line : undefined));
  return `redis://127.0.0.1:${port}`;
}

/** A port that is free, 0 for any; `undefined`: it is in use. */
async function freePort(wanted) {
  const server = createServer().listen(wanted, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return undefined;
  }
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
