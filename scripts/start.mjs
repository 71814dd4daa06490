// npm start: everything up to a running sidecar. What follows `--` are flags of the sidecar: npm start -- --idle-timeout 1h
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { installPackages } from './lib/packages.mjs';
import { root, run } from './lib/run.mjs';

installPackages();
run('npm', ['run', '--silent', 'build', '--workspace', 'server']);

const args = process.argv.slice(2);
const sidecar = spawn(join(root, 'server', 'dist', 'main.js'), args, {
  env: { ...process.env, ...developmentKey() },
  stdio: ['ignore', 'pipe', 'pipe'],
});
// Through a pipe: to a terminal, it would repeat in text what is in its log.
sidecar.stderr.pipe(process.stderr);
// Ctrl-C reaches the sidecar too, as it does the whole foreground; this process only waits for it to finish.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => sidecar.kill('SIGTERM'));
sidecar.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 130);
});

const { default: pretty } = await import('pino-pretty');
const log = pretty({ colorize: process.stdout.isTTY, ignore: 'settings,version,store,grpc,http', sync: true });
for await (const line of createInterface({ input: sidecar.stdout })) {
  log.write(`${line}\n`);
  const event = line.startsWith('{') ? JSON.parse(line) : {};
  if (event.msg === 'serving') console.log(welcome(event));
}

/** Sessions in a Redis need a key that outlives this process: one for this checkout is made, and told. */
function developmentKey() {
  const { REDIS_URL, SESSION_SIDECAR_REDIS_URL, SESSION_SIDECAR_SIGNING_KEYS, SESSION_SIDECAR_SIGNING_KEYS_FILE } =
    process.env;
  if (!(REDIS_URL || SESSION_SIDECAR_REDIS_URL) || SESSION_SIDECAR_SIGNING_KEYS || SESSION_SIDECAR_SIGNING_KEYS_FILE)
    return {};
  const file = join(root, '.signing-keys');
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  console.log('SESSION_SIDECAR_SIGNING_KEYS is not set: using the key in .signing-keys, for development only.');
  return { SESSION_SIDECAR_SIGNING_KEYS_FILE: file };
}

function welcome({ version, store, grpc, http }) {
  const [address] = grpc;
  // Every interface is no address that a browser or a shell takes as it is.
  const url = http.replace(/\[::\]|0\.0\.0\.0/, 'localhost');
  return `
session-sidecar ${version} keeps sessions in ${store === 'redis' ? 'Redis' : 'memory, until it stops (set REDIS_URL to keep them in Redis)'}.

  gRPC     ${grpc.join(', ')}
  metrics  ${url}/metrics
  probes   ${url}/livez ${url}/readyz

Stop it with Ctrl-C. Create a session and read it:

${tryIt(address)}
`;
}

/** The value is {"id":7} in base64, as the JSON form of bytes is. */
function tryIt(address) {
  const [url, socket] = address.startsWith('unix:')
    ? ['http://localhost', ` --unix-socket ${address.slice('unix:'.length)}`]
    : [`http://${address}`, ''];
  const call = `npx buf curl --protocol grpc --http2-prior-knowledge${socket}`;
  return [
    `  TOKEN=$(${call} -d '{"mutations":[{"set":{"key":"user","value":"eyJpZCI6N30="}}]}' \\`,
    `    ${url}/session.v1.SessionService/CreateSession | node -p 'JSON.parse(fs.readFileSync(0)).token') &&`,
    `  ${call} -d "{\\"token\\":\\"$TOKEN\\"}" \\`,
    `    ${url}/session.v1.SessionService/GetSession`,
  ].join('\n');
}
