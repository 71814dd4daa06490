import { describe, expect, test } from '@jest/globals';
import { load, problemsOf, signingKey } from './loading';
import type { Given } from './loading';

const SIGNING_KEYS = signingKey;
const pem = '-----BEGIN CERTIFICATE-----\n';
const files = { '/ca': `${pem}ca`, '/cert': `${pem}cert`, '/key': `${pem}key` };

const inForm = {
  url: { SESSION_SIDECAR_REDIS_URL: 'redis://cache:7000' },
  cluster: { SESSION_SIDECAR_REDIS_CLUSTER_NODES: 'a:1,b:2' },
  sentinel: { SESSION_SIDECAR_REDIS_SENTINELS: 'a:1,b:2' },
} as const;

/** What RedisConnectionOptions are when nothing but a place is set. */
const plain = {
  mode: 'single',
  nodes: [{ host: 'cache', port: 7000 }],
  socketPath: undefined,
  tls: undefined,
  username: undefined,
  password: undefined,
  db: 0,
  sentinel: undefined,
  commandTimeoutMs: 250,
  connectTimeoutMs: 500,
  maxSilenceMs: 500,
  replication: undefined,
  keyPrefix: 'session:',
  expireKeys: true,
};

function redisOf({ env, ...given }: Given) {
  const { store } = load({ env: { SIGNING_KEYS, ...env }, files, ...given }).config;
  if (store.kind !== 'redis') throw new Error('Expected Redis.');
  return store.redis;
}

describe('how Redis is reached', () => {
  test('by URL', () => {
    expect(redisOf({ env: inForm.url })).toEqual(plain);
  });

  test('by URL with everything in it', () => {
    const env = { SESSION_SIDECAR_REDIS_URL: 'rediss://u:p@cache:7000/3' };
    expect(redisOf({ env })).toEqual({ ...plain, tls: {}, username: 'u', password: 'p', db: 3 });
  });

  test('by URL with settings for the rest', () => {
    const env = {
      ...inForm.url,
      REDIS_USERNAME: 'u',
      REDIS_PASSWORD: 'p',
      REDIS_DB: '3',
      REDIS_KEY_PREFIX: 'shop:',
      REDIS_TTL: 'off',
      REDIS_COMMAND_TIMEOUT: '1s',
      REDIS_CONNECT_TIMEOUT: '5s',
    };
    const rest = {
      username: 'u',
      password: 'p',
      db: 3,
      keyPrefix: 'shop:',
      expireKeys: false,
      commandTimeoutMs: 1_000,
      connectTimeoutMs: 5_000,
    };
    expect(redisOf({ env })).toEqual({ ...plain, ...rest });
  });

  test('with a user in the URL and the password beside it', () => {
    const env = { SESSION_SIDECAR_REDIS_URL: 'redis://u@cache:7000', REDIS_PASSWORD: 'p' };
    expect(redisOf({ env })).toEqual({ ...plain, username: 'u', password: 'p' });
  });

  test('by TLS, turned on by a setting, with certificates', () => {
    const env = {
      ...inForm.url,
      REDIS_TLS: 'on',
      REDIS_TLS_CA_FILE: '/ca',
      REDIS_TLS_CERT_FILE: '/cert',
      REDIS_TLS_KEY_FILE: '/key',
    };
    const { tls } = redisOf({ env });
    expect(tls).toEqual({
      ca: Buffer.from(files['/ca']),
      cert: Buffer.from(files['/cert']),
      key: Buffer.from(files['/key']),
    });
  });

  test('by rediss://, with an authority of its own', () => {
    const env = { SESSION_SIDECAR_REDIS_URL: 'rediss://cache:7000', REDIS_TLS: 'on', REDIS_TLS_CA_FILE: '/ca' };
    expect(redisOf({ env }).tls).toEqual({ ca: Buffer.from(files['/ca']) });
  });

  test('by Unix socket', () => {
    const env = { SESSION_SIDECAR_REDIS_URL: 'unix:///run/redis.sock?db=3' };
    expect(redisOf({ env })).toEqual({ ...plain, nodes: [], socketPath: '/run/redis.sock', db: 3 });
  });

  test('as a Cluster', () => {
    const nodes = [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ];
    expect(redisOf({ env: inForm.cluster })).toEqual({ ...plain, mode: 'cluster', nodes });
    expect(redisOf({ env: { REDIS_DB: '0' }, args: ['--redis-cluster-nodes', 'a:1,b:2'] })).toMatchObject({
      mode: 'cluster',
      nodes,
      db: 0,
    });
  });

  test('through Sentinels', () => {
    const nodes = [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ];
    const sentinel = { master: 'mymaster', username: undefined, password: undefined };
    expect(redisOf({ env: { ...inForm.sentinel, REDIS_DB: '3' } })).toEqual({
      ...plain,
      mode: 'sentinel',
      nodes,
      sentinel,
      db: 3,
    });
  });

  test('through Sentinels that have a login and another name for it', () => {
    const env = {
      ...inForm.sentinel,
      REDIS_SENTINEL_MASTER: 'sessions',
      REDIS_SENTINEL_USERNAME: 'u',
      REDIS_SENTINEL_PASSWORD: 'p',
      REDIS_TLS: 'on',
    };
    expect(redisOf({ env })).toMatchObject({
      sentinel: { master: 'sessions', username: 'u', password: 'p' },
      tls: {},
      username: undefined,
    });
  });
});

describe('what is missing beside Redis', () => {
  test.each(Object.entries(inForm))(
    'a signing key, with Redis by %s: the error names the command that makes one',
    (_, env) => {
      expect(problemsOf({ env })).toEqual([
        'SESSION_SIDECAR_SIGNING_KEYS: Expected a key, got none. Sessions in Redis outlive this process, so their tokens must too. Make one with: session-sidecar secret new, or: openssl rand -base64 32',
      ]);
    },
  );

  test('no signing key, with the memory store', () => {
    expect(load().config.signingKeys).toBeUndefined();
  });

  test.each([
    [
      { ...inForm.url, REDIS_USERNAME: 'u' },
      'SESSION_SIDECAR_REDIS_USERNAME: Expected a password for the user; set SESSION_SIDECAR_REDIS_PASSWORD.',
    ],
    [
      { SESSION_SIDECAR_REDIS_URL: 'redis://u@cache' },
      'SESSION_SIDECAR_REDIS_URL: Expected a password for the user; set SESSION_SIDECAR_REDIS_PASSWORD.',
    ],
    [
      { ...inForm.sentinel, REDIS_SENTINEL_USERNAME: 'u' },
      'SESSION_SIDECAR_REDIS_SENTINEL_USERNAME: Expected a password for the user; set SESSION_SIDECAR_REDIS_SENTINEL_PASSWORD.',
    ],
    [
      { ...inForm.url, REDIS_TLS: 'on', REDIS_TLS_CERT_FILE: '/cert' },
      'SESSION_SIDECAR_REDIS_TLS_CERT_FILE and SESSION_SIDECAR_REDIS_TLS_KEY_FILE: Set both or none.',
    ],
    [
      { ...inForm.url, REDIS_TLS: 'on', REDIS_TLS_KEY_FILE: '/key' },
      'SESSION_SIDECAR_REDIS_TLS_CERT_FILE and SESSION_SIDECAR_REDIS_TLS_KEY_FILE: Set both or none.',
    ],
  ])('%p is half of something', (env, problem) => {
    expect(problemsOf({ env: { SIGNING_KEYS, ...env }, files })).toEqual([problem]);
  });
});

describe('settings that clash name each other', () => {
  test.each([
    [
      { ...inForm.url, ...inForm.cluster },
      'SESSION_SIDECAR_REDIS_URL and SESSION_SIDECAR_REDIS_CLUSTER_NODES: Set only one; each is a location of Redis.',
    ],
    [
      { ...inForm.cluster, ...inForm.sentinel },
      'SESSION_SIDECAR_REDIS_CLUSTER_NODES and SESSION_SIDECAR_REDIS_SENTINELS: Set only one; each is a location of Redis.',
    ],
    [
      { REDIS_URL: 'redis://u:p@cache', REDIS_USERNAME: 'u' },
      'REDIS_URL and SESSION_SIDECAR_REDIS_USERNAME: Both set it; set only one.',
    ],
    [
      { SESSION_SIDECAR_REDIS_URL: 'redis://:p@cache', REDIS_PASSWORD: 'p' },
      'SESSION_SIDECAR_REDIS_URL and SESSION_SIDECAR_REDIS_PASSWORD: Both set it; set only one.',
    ],
    [
      { SESSION_SIDECAR_REDIS_URL: 'redis://cache/0', REDIS_DB: '0' },
      'SESSION_SIDECAR_REDIS_URL and SESSION_SIDECAR_REDIS_DB: Both set it; set only one.',
    ],
    [
      { SESSION_SIDECAR_REDIS_URL: 'rediss://cache', REDIS_TLS: 'off' },
      'SESSION_SIDECAR_REDIS_URL and SESSION_SIDECAR_REDIS_TLS: One turns TLS on, the other off.',
    ],
    [
      { SESSION_SIDECAR_REDIS_URL: 'unix:///run/redis.sock', REDIS_TLS: 'on' },
      'SESSION_SIDECAR_REDIS_URL and SESSION_SIDECAR_REDIS_TLS: TLS is not available over a Unix socket.',
    ],
    [
      { ...inForm.cluster, REDIS_DB: '3' },
      'SESSION_SIDECAR_REDIS_CLUSTER_NODES and SESSION_SIDECAR_REDIS_DB: A Redis Cluster only has database 0.',
    ],
    [
      { ...inForm.url, TEST_CONTROL: 'on' },
      'SESSION_SIDECAR_TEST_CONTROL and SESSION_SIDECAR_REDIS_URL: Tests can control the memory store only. Turn the one off, or unset the location of Redis.',
    ],
    [
      { ...inForm.sentinel, TEST_CONTROL: 'on' },
      'SESSION_SIDECAR_TEST_CONTROL and SESSION_SIDECAR_REDIS_SENTINELS: Tests can control the memory store only. Turn the one off, or unset the location of Redis.',
    ],
    [
      { ...inForm.cluster, TEST_CONTROL: 'on' },
      'SESSION_SIDECAR_TEST_CONTROL and SESSION_SIDECAR_REDIS_CLUSTER_NODES: Tests can control the memory store only. Turn the one off, or unset the location of Redis.',
    ],
    [
      { ...inForm.cluster, NEAR_CACHE: '8MiB' },
      'SESSION_SIDECAR_REDIS_CLUSTER_NODES and SESSION_SIDECAR_NEAR_CACHE: The near cache is not available with a Redis Cluster.',
    ],
    [
      { ...inForm.url, REDIS_TLS_CA_FILE: '/ca' },
      'SESSION_SIDECAR_REDIS_TLS_CA_FILE: No effect, because TLS is off. Turn it on with rediss:// or SESSION_SIDECAR_REDIS_TLS.',
    ],
    [
      { ...inForm.cluster, REDIS_TLS: 'off', REDIS_TLS_CERT_FILE: '/cert', REDIS_TLS_KEY_FILE: '/key' },
      'SESSION_SIDECAR_REDIS_TLS_CERT_FILE and SESSION_SIDECAR_REDIS_TLS_KEY_FILE: No effect, because TLS is off. Turn it on with rediss:// or SESSION_SIDECAR_REDIS_TLS.',
    ],
  ])('%p', (env, problem) => {
    expect(problemsOf({ env: { SIGNING_KEYS, ...env }, files })).toEqual([problem]);
  });

  test('a clash with a flag names the flag', () => {
    const given = { env: { SIGNING_KEYS, ...inForm.url }, args: ['--redis-cluster-nodes', 'a:1'] };
    expect(problemsOf(given)).toEqual([
      'SESSION_SIDECAR_REDIS_URL and --redis-cluster-nodes: Set only one; each is a location of Redis.',
    ]);
  });

  test('an invalid URL clashes with nothing', () => {
    const env = { SIGNING_KEYS, SESSION_SIDECAR_REDIS_URL: 'cache', REDIS_USERNAME: 'u', REDIS_TLS_CA_FILE: '/ca' };
    expect(problemsOf({ env, files })).toEqual([expect.stringMatching(/^SESSION_SIDECAR_REDIS_URL: Expected a URL/)]);
  });
});

describe('settings without effect are warned about', () => {
  test.each([
    [
      { REDIS_KEY_PREFIX: 'shop:' },
      'SESSION_SIDECAR_REDIS_KEY_PREFIX has no effect: no Redis is configured, so sessions are kept in memory.',
    ],
    [
      { REDIS_PASSWORD: 'p' },
      'SESSION_SIDECAR_REDIS_PASSWORD has no effect: no Redis is configured, so sessions are kept in memory.',
    ],
    [
      { NEAR_CACHE: '8MiB' },
      'SESSION_SIDECAR_NEAR_CACHE has no effect: no Redis is configured, so sessions are kept in memory.',
    ],
    [
      { ...inForm.url, REDIS_TTL: 'off', NEAR_CACHE: '8MiB' },
      'SESSION_SIDECAR_NEAR_CACHE has no effect: SESSION_SIDECAR_REDIS_TTL is off.',
    ],
    [
      { ...inForm.url, MEMORY_STORE_SIZE: '1GiB' },
      'SESSION_SIDECAR_MEMORY_STORE_SIZE has no effect: sessions are kept in Redis.',
    ],
    [
      { ...inForm.url, REDIS_SENTINEL_MASTER: 'x' },
      'SESSION_SIDECAR_REDIS_SENTINEL_MASTER has no effect: SESSION_SIDECAR_REDIS_SENTINELS is not set.',
    ],
    [
      { SUBJECT_LIMIT_ACTION: 'refuse' },
      'SESSION_SIDECAR_SUBJECT_LIMIT_ACTION has no effect: SESSION_SIDECAR_MAX_SESSIONS_PER_SUBJECT is 0.',
    ],
  ])('%p', (env, warning) => {
    expect(load({ env: { SIGNING_KEYS, ...env } }).warnings).toEqual([warning]);
  });
});
