import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { lineOf } from './process-group.mjs';
import { root } from './run.mjs';

/**
 * Runs an app of examples/, which is built, with a sidecar. Resolves when both serve, to the app's URL and the log entry with the
 * sidecar's addresses.
 */
export async function runExample(group, directory, { args = [], env = {} } = {}) {
  const free = ['--grpc-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0', '--log-level', 'info'];
  const sidecar = group.start(
    'sidecar',
    process.execPath,
    [join(root, 'server', 'dist', 'main.js'), ...free, ...args],
    {
      ...signingKey(),
      ...env,
    },
  );
  const serving = await lineOf(sidecar, (line) => (line.includes('"msg":"serving"') ? JSON.parse(line) : undefined));
  const app = group.start('app', process.execPath, [join(directory, 'dist', 'main.js')], {
    SIDECAR_ADDRESS: serving.grpc[0],
    SIDECAR_HTTP: serving.http,
    ...env,
  });
  const url = await lineOf(app, (line) => /https?:\/\/\S+/.exec(line)?.[0]);
  await Promise.all([group.untilAnswered(`${serving.http}/readyz`), group.untilAnswered(url)]);
  return { url, serving };
}

/** Sessions in Redis need a key. A key for this run suffices, because the example's sessions end with it. */
function signingKey() {
  const { SESSION_SIDECAR_SIGNING_KEYS, SESSION_SIDECAR_SIGNING_KEYS_FILE } = process.env;
  if (SESSION_SIDECAR_SIGNING_KEYS || SESSION_SIDECAR_SIGNING_KEYS_FILE) return {};
  return { SESSION_SIDECAR_SIGNING_KEYS: randomBytes(32).toString('base64') };
}
