// npm start: everything up to a running sidecar. What follows `--` are flags of the sidecar: npm start -- --idle-timeout 1h
import { developmentKey } from './lib/development-key.mjs';
import { installPackages } from './lib/packages.mjs';
import { buildSidecar, startSidecar } from './lib/sidecar.mjs';

installPackages();
buildSidecar();

const sidecar = startSidecar({
  args: process.argv.slice(2),
  env: developmentKey(),
  onServing: (entry) => console.log(welcome(entry)),
});
// Ctrl-C reaches the sidecar, too, like the whole foreground; this process only waits for it to finish.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => sidecar.kill('SIGTERM'));
sidecar.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 130);
});

function welcome({ version, store, grpc, http, inspector }) {
  const [address] = grpc;
  // The address of every interface is not one to connect to.
  const url = http.replace(/\[::\]|0\.0\.0\.0/, 'localhost');
  return `
session-sidecar ${version} keeps sessions in ${store === 'redis' ? 'Redis' : 'memory, until it stops (set REDIS_URL to keep them in Redis)'}.

  gRPC     ${grpc.join(', ')}
  metrics  ${url}/metrics
  probes   ${url}/livez ${url}/readyz${inspector === undefined ? '' : `\n  status   ${inspector}`}

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
