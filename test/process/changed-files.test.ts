import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { generate } from 'selfsigned';
import { createTokens } from '../../server/src/tokens/token';
import { mountSecret } from '../support/mounted-secret';
import type { MountedSecret } from '../support/mounted-secret';
import { until } from '../support/poll';
import { metricsOf, probe, signingKey } from '../support/process';
import type { ServingProcess } from '../support/process';
import { connectRaw, failureOf } from '../support/raw-grpc';
import type { RawClient } from '../support/raw-grpc';
import { freePort } from '../support/free-port';
import type { RedisServer } from '../support/redis';
import { stackForAllTests } from '../support/stack';

/* The tests run side by side: the sidecar looks at its files once a second, so each of them mostly waits. */
const stack = stackForAllTests();

function secret(files: Readonly<Record<string, string>>): MountedSecret {
  const mounted = mountSecret(files);
  stack.defer(() => mounted.remove());
  return mounted;
}

async function redisServer(args: readonly string[] = []): Promise<RedisServer> {
  const server = await stack.redis({ args });
  return server;
}

async function serving(
  settings: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<[ServingProcess, RawClient]> {
  const sidecar = await stack.process({ settings, env });
  const client = stack.use(connectRaw(sidecar.address));
  return [sidecar, client];
}

const isReady = async ({ httpUrl }: ServingProcess): Promise<boolean> =>
  (await probe(`${httpUrl}/readyz`)).status === 200;

/** How often a file was read again, by result. */
async function reloads(sidecar: ServingProcess, setting: string): Promise<readonly (number | undefined)[]> {
  const metrics = await metricsOf(sidecar);
  return ['applied', 'rejected'].map((result) =>
    metrics.value('session_sidecar_file_reloads_total', { setting: `SESSION_SIDECAR_${setting}`, result }),
  );
}

const newKey = (): string => randomBytes(32).toString('base64');

describe('signing keys in a file that changes', () => {
  test.concurrent('sign and verify from then on, and one that is removed does not verify any more', async () => {
    const [old, fresh] = [newKey(), newKey()];
    const keys = secret({ keys: old });
    // Beside a file that OpenTelemetry reads, once.
    const ca = secret({ ca: '-----BEGIN CERTIFICATE-----' });
    const tracing = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_EXPORTER_OTLP_CERTIFICATE: ca.path('ca'),
      OTEL_TRACES_SAMPLER: 'always_off',
    };
    const [sidecar, client] = await serving({ SIGNING_KEYS_FILE: keys.path('keys') }, tracing);
    const { token } = await client.call('createSession', {});
    await client.call('getSession', { token });
    expect(await reloads(sidecar, 'SIGNING_KEYS_FILE')).toEqual([0, 0]);

    keys.update({ keys: `${fresh}\n${old}\n` });
    const verifier = createTokens([Buffer.from(fresh, 'base64')]);
    const next = await until('a token of the new key', async () => {
      const created = await client.call('createSession', {});
      return verifier.verify(created.token).valid && created.token;
    });
    await client.call('getSession', { token });

    keys.update({ keys: fresh });
    const failure = await until('the old key to be refused', () =>
      client.call('getSession', { token }).then(
        () => undefined,
        (error: unknown) => failureOf(Promise.reject(error as Error)),
      ),
    );
    expect(failure).toMatchObject({ reason: 'TOKEN_INVALID' });
    await client.call('getSession', { token: next });
    expect(await reloads(sidecar, 'SIGNING_KEYS_FILE')).toEqual([2, 0]);
    expect(sidecar.log().filter(({ msg }) => msg === 'changed files applied')).toMatchObject([
      { level: 'info', settings: ['SESSION_SIDECAR_SIGNING_KEYS_FILE'] },
      { level: 'info' },
    ]);
    for (const key of [old, fresh]) expect(sidecar.output().stdout).not.toContain(key);
  });

  test.concurrent.each([
    ['not a key', 'MARKsecret!'],
    ['empty', ''],
    ['one good key and one that is too short', `${newKey()}\n${Buffer.from('MARKsecret').toString('base64')}`],
  ])('stay as they are when the new content is %s', async (_, content) => {
    const key = newKey();
    const keys = secret({ keys: key });
    const [sidecar, client] = await serving({ SIGNING_KEYS_FILE: keys.path('keys') });
    const { token } = await client.call('createSession', {});

    keys.update({ keys: content });
    expect(await sidecar.logged('changed file rejected, the previous content stays in force')).toMatchObject({
      level: 'error',
      settings: ['SESSION_SIDECAR_SIGNING_KEYS_FILE'],
      problem: expect.stringMatching(/^SESSION_SIDECAR_SIGNING_KEYS_FILE: Expected /),
    });
    await client.call('getSession', { token });
    expect(await reloads(sidecar, 'SIGNING_KEYS_FILE')).toEqual([0, 1]);

    keys.update({ keys: `${key}\n${newKey()}` });
    await sidecar.logged('changed files applied');
    await client.call('getSession', { token });
    expect(JSON.stringify(sidecar.output())).not.toMatch(/MARK|TUFSS3/);
  });

  test.concurrent('stay as they are when the file is gone', async () => {
    const keys = secret({ keys: newKey() });
    const [sidecar, client] = await serving({ SIGNING_KEYS_FILE: keys.path('keys') });
    const { token } = await client.call('createSession', {});
    keys.update({});
    expect(await sidecar.logged('changed file rejected, the previous content stays in force')).toMatchObject({
      problem: expect.stringContaining('(ENOENT)'),
    });
    await client.call('getSession', { token });
  });
});

describe('the password of Redis in a file that changes', () => {
  const change = async (server: RedisServer, from: string, to: string): Promise<void> => {
    await server.admin.acl('SETUSER', 'sidecar', `<${from}`, `>${to}`);
    // Open connections would stay.
    await server.admin.call('CLIENT', 'KILL', 'USER', 'sidecar');
  };
  const addUser = async (server: RedisServer): Promise<void> => {
    await server.admin.acl('SETUSER', 'sidecar', 'on', '>old', '+@all', '~*', '&*');
    // Or a connection that fails to log in would go on as that user. The connection at hand stays.
    await server.admin.acl('SETUSER', 'default', 'resetpass', '>another');
  };

  test.concurrent.each([
    [
      'its own',
      (port: number, path: string) => ({ REDIS_URL: `redis://sidecar@127.0.0.1:${port}`, REDIS_PASSWORD_FILE: path }),
      '',
    ],
    ['that of the URL', (_: number, path: string) => ({ REDIS_URL_FILE: path }), 'url'],
    [
      'its own, with the near cache',
      (port: number, path: string) => ({
        REDIS_URL: `redis://sidecar@127.0.0.1:${port}`,
        REDIS_PASSWORD_FILE: path,
        NEAR_CACHE: '8MiB',
      }),
      '',
    ],
  ])('is used for new connections: %s', async (_, settingsFor, form) => {
    const server = await redisServer();
    await addUser(server);
    const content = (password: string): string =>
      form === 'url' ? `redis://sidecar:${password}@127.0.0.1:${server.port}` : password;
    const file = secret({ password: content('old') });
    const [sidecar, client] = await serving({
      SIGNING_KEYS: signingKey,
      ...settingsFor(server.port, file.path('password')),
    });
    await until('the sidecar to be ready', () => isReady(sidecar));
    const { token } = await client.call('createSession', {});

    await change(server, 'old', 'new');
    await until('the sidecar not to be ready', async () => !(await isReady(sidecar)));
    file.update({ password: content('new') });
    await until('the sidecar to be ready again', () => isReady(sidecar));
    await until('a call to succeed', () => client.call('getSession', { token }).catch(() => undefined));
    if ('NEAR_CACHE' in settingsFor(0, '')) {
      const nearCacheReady = async () => (await metricsOf(sidecar)).value('session_sidecar_near_cache_ready') === 1;
      await until('the near cache to be ready again', nearCacheReady);
    }
  });

  test.concurrent('is used for every node of a Cluster', async () => {
    const cluster = await stack.redisCluster();
    for (const node of cluster.nodes) await addUser(node);
    const file = secret({ password: 'old' });
    const [sidecar] = await serving({
      SIGNING_KEYS: signingKey,
      REDIS_CLUSTER_NODES: cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).join(),
      REDIS_USERNAME: 'sidecar',
      REDIS_PASSWORD_FILE: file.path('password'),
    });
    await until('the sidecar to be ready', () => isReady(sidecar));
    for (const node of cluster.nodes) await change(node, 'old', 'new');
    file.update({ password: 'new' });
    await sidecar.logged('changed files applied');
    const client = stack.use(connectRaw(sidecar.address));
    // Of many sessions, each node has some.
    const createMany = async (): Promise<void> => {
      for (let session = 0; session < 30; session += 1)
        await until('a session to be created', () => client.call('createSession', {}).catch(() => undefined));
    };
    await createMany();
    // Connections that are made anew, and not only again.
    for (const node of cluster.nodes) await node.admin.call('CLIENT', 'KILL', 'USER', 'sidecar');
    await createMany();
  });

  test.concurrent('cannot move the sidecar to another Redis', async () => {
    const server = await redisServer();
    const other = await redisServer();
    const file = secret({ url: server.url });
    const [sidecar, client] = await serving({ SIGNING_KEYS: signingKey, REDIS_URL_FILE: file.path('url') });
    await until('the sidecar to be ready', () => isReady(sidecar));
    file.update({ url: other.url });
    expect(await sidecar.logged('changed file rejected, the previous content stays in force')).toMatchObject({
      problem: 'SESSION_SIDECAR_REDIS_URL_FILE: Only the user and the password can change without a restart.',
    });
    await client.call('createSession', {});
    expect(await other.admin.dbsize()).toBe(0);
  });
});

describe('certificates for Redis in files that change', () => {
  test.concurrent('are used for new connections, all of them or none', async () => {
    const [trusted, foreign] = await Promise.all([certificate(), certificate()]);
    const own = secret({ cert: trusted.cert, key: trusted.key });
    const port = await freePort();
    await redisServer([
      ...['--tls-port', String(port), '--tls-cert-file', own.path('cert'), '--tls-key-file', own.path('key')],
      ...['--tls-ca-cert-file', own.path('cert'), '--tls-auth-clients', 'yes'],
    ]);
    const files = secret({ ca: foreign.cert, cert: foreign.cert, key: foreign.key });
    const [sidecar] = await serving({
      SIGNING_KEYS: signingKey,
      REDIS_URL: `rediss://127.0.0.1:${port}`,
      REDIS_TLS_CA_FILE: files.path('ca'),
      REDIS_TLS_CERT_FILE: files.path('cert'),
      REDIS_TLS_KEY_FILE: files.path('key'),
    });
    expect(await sidecar.logged('Redis connection error')).toMatchObject({
      advice: expect.stringContaining('SESSION_SIDECAR_REDIS_TLS_CA_FILE'),
    });

    files.update({ ca: trusted.cert, cert: trusted.cert, key: foreign.key });
    expect(await sidecar.logged('changed file rejected, the previous content stays in force')).toMatchObject({
      problem:
        'SESSION_SIDECAR_REDIS_TLS_CERT_FILE and SESSION_SIDECAR_REDIS_TLS_KEY_FILE: The certificate and the private key do not belong together.',
    });
    expect(await isReady(sidecar)).toBe(false);

    files.update({ ca: trusted.cert, cert: trusted.cert, key: trusted.key });
    await until('the sidecar to be ready', () => isReady(sidecar));
    expect(await reloads(sidecar, 'REDIS_TLS_CA_FILE')).toEqual([0, 1]);
    expect(await reloads(sidecar, 'REDIS_TLS_KEY_FILE')).toEqual([1, 0]);
  });
});

async function certificate(): Promise<{ readonly cert: string; readonly key: string }> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });
  return { cert, key };
}
