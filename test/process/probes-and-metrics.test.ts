import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ErrorReason } from '@session-sidecar/proto/session/v1/error_reason';
import { version } from '../../server/package.json';
import { until } from '../support/poll';
import { metricsOf, probe, signingKey } from '../support/process';
import type { ServingProcess } from '../support/process';
import { connectRaw, failureOf, methods as unaryMethods, mutation } from '../support/raw-grpc';
import type { RawClient } from '../support/raw-grpc';
import { freePort } from '../support/redis';
import type { RedisServer } from '../support/redis';
import { age } from '../support/store-harness';
import { stackForAllTests } from '../support/stack';

const stack = stackForAllTests();

let redis: RedisServer;
let settings: Readonly<Record<string, string>>;
let sidecar: ServingProcess;
let client: RawClient;

// One for all: what is counted is compared with what was counted before.
beforeAll(async () => {
  redis = await stack.redis();
  const keys = join(redis.directory, 'signing-keys');
  writeFileSync(keys, signingKey);
  settings = { SIGNING_KEYS_FILE: keys, REDIS_URL: redis.url, REDIS_COMMAND_TIMEOUT: '1m', MAX_FLASH_MESSAGES: '1' };
  sidecar = await stack.process({ settings });
  client = stack.use(connectRaw(sidecar.address));
  await untilReady(sidecar);
});

afterEach(async () => {
  await redis.admin.flushall();
});

describe('the HTTP port', () => {
  test.each(['/livez', '/readyz', '/metrics'])(
    '%s answers GET, with and without a query, and HEAD without a body',
    async (path) => {
      const get = await probe(`${sidecar.httpUrl}${path}`);
      const query = await probe(`${sidecar.httpUrl}${path}?probe=1`);
      const head = await probe(`${sidecar.httpUrl}${path}`, { method: 'HEAD' });
      expect([get.status, query.status, head.status]).toEqual([200, 200, 200]);
      expect(get.text).not.toBe('');
      expect(query.text).not.toBe('');
      expect(head.text).toBe('');
      for (const header of ['content-type', 'cache-control'])
        expect(head.headers.get(header)).toBe(get.headers.get(header));
      expect(get.headers.get('cache-control')).toBe('no-store');
    },
  );

  test('/readyz lists with ?verbose what calls depend on, and since when it has been ready', async () => {
    const { status: code, text } = await probe(`${sidecar.httpUrl}/readyz?verbose`);
    expect(code).toBe(200);
    expect(text).toMatch(/^ready\nready: redis[^:]* since \d{4}-\S+Z\nready: grpc since \d{4}-\S+Z\n$/);
    expect((await probe(`${sidecar.httpUrl}/readyz`)).text).toBe('ready\n');
  });

  test('says of the metrics that they are the Prometheus text format', async () => {
    const { headers } = await probe(`${sidecar.httpUrl}/metrics`);
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  test.each(['/', '/metrics/', '/livez/x', '/healthz', '/%6Divez', '//livez'])('%s is not found', async (path) => {
    expect(await probe(`${sidecar.httpUrl}${path}`)).toMatchObject({
      status: 404,
      text: 'Not found. This port serves /metrics, /livez and /readyz.\n',
    });
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is not allowed, anywhere', async (method) => {
    for (const path of ['/metrics', '/nowhere']) {
      const { status: code, headers } = await probe(`${sidecar.httpUrl}${path}`, { method });
      expect({ code, allow: headers.get('allow') }).toEqual({ code: 405, allow: 'GET, HEAD' });
    }
  });
});

/** What a piece of work adds to the counters of the product. Those that stay are left out. */
async function addedBy(work: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
  const before = await counters();
  await work();
  await untilIdle();
  const after = await counters();
  return Object.fromEntries(
    [...after]
      .map(([name, value]) => [name, value - (before.get(name) ?? 0)] as const)
      .filter(([, added]) => added !== 0),
  );
}

/** Without what measures time or counts calls, which every test would have to repeat. */
async function counters(): Promise<ReadonlyMap<string, number>> {
  const { samples } = await metricsOf(sidecar);
  return new Map(
    samples
      .filter(({ name }) => /^session_sidecar_(?!rpc).*_total$/.test(name))
      .map(({ name, labels, value }) => [
        [name.replace(/^session_sidecar_|_total$/g, ''), ...Object.values(labels)].join(' '),
        value,
      ]),
  );
}

type Counted = Readonly<Record<string, readonly [name: string, labels: Readonly<Record<string, string>>]>>;

/** How much some samples grow by a piece of work. */
async function growth(counted: Counted, work: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
  const read = async (): Promise<Record<string, number>> => {
    const metrics = await metricsOf(sidecar);
    const values = Object.entries(counted).map(([key, [name, labels]]) => [
      key,
      metrics.value(`session_sidecar_${name}`, labels) ?? 0,
    ]);
    return Object.fromEntries(values) as Record<string, number>;
  };
  const before = await read();
  await work();
  await untilIdle();
  return Object.fromEntries(Object.entries(await read()).map(([key, value]) => [key, value - (before[key] ?? 0)]));
}

async function untilReady({ httpUrl }: ServingProcess): Promise<void> {
  await until('the sidecar to be ready', async () => (await probe(`${httpUrl}/readyz`)).status === 200);
}

/** A call is counted when it has been answered, which may be a moment after the answer has arrived. */
async function untilIdle(): Promise<void> {
  await until(
    'no call to be under way',
    async () => (await metricsOf(sidecar)).value('session_sidecar_rpcs_in_flight') === 0,
  );
}

async function create(): Promise<string> {
  const { token } = await client.call('createSession', { mutations: [mutation.set('a', '1')] });
  return token;
}

describe('what is counted', () => {
  test('a session that is created', async () => {
    expect(await addedBy(create)).toEqual({ sessions_created: 1 });
  });

  test('reads that find the session, in whatever call', async () => {
    const token = await create();
    expect(await addedBy(() => client.call('getSession', { token }))).toEqual({
      'sessions_loaded found': 1,
      'touches skipped': 1,
    });
    expect(await addedBy(() => client.call('peekFlash', { token, queue: '' }))).toEqual({
      'sessions_loaded found': 1,
      'touches skipped': 1,
    });
    expect(await addedBy(() => client.call('getCsrfToken', { token }))).toEqual({
      'sessions_loaded found': 1,
      'touches skipped': 1,
    });
    const wrong = { token, csrfToken: 'wrong' };
    expect(await addedBy(() => client.call('checkCsrfToken', wrong))).toEqual({
      'sessions_loaded found': 1,
      'touches skipped': 1,
    });
  });

  test('a read that was due to be recorded', async () => {
    // The clock of the sidecar does not move, so it has to be a session that it has not seen yet.
    const another = await stack.process({ settings });
    await untilReady(another);
    const creator = connectRaw(another.address);
    const { token } = await creator.call('createSession', {});
    creator.close();
    await age(redis, 61_000);
    expect(await addedBy(() => client.call('getSession', { token }))).toEqual({
      'sessions_loaded found': 1,
      'touches done': 1,
    });
  });

  test('reads that find none, and tokens that are none, whatever the call', async () => {
    const token = await create();
    await client.call('invalidateSession', { token });
    expect(await addedBy(() => failureOf(client.call('getSession', { token })))).toEqual({
      'sessions_loaded not_found': 1,
    });
    const [id = ''] = token.split('.');
    const tokens = {
      token_malformed: 'nonsense',
      token_bad_signature: `${id}.${token.slice(44, 47)}${'A'.repeat(21)}`,
      token_unknown_key: `${id}.${'_'.repeat(24)}`,
    };
    for (const [result, wrong] of Object.entries(tokens)) {
      for (const method of ['getSession', 'updateSession', 'invalidateSession'] as const) {
        expect(await addedBy(() => failureOf(client.call(method, { token: wrong })))).toEqual({
          [`sessions_loaded ${result}`]: 1,
        });
      }
    }
  });

  test('changes that succeed', async () => {
    const token = await create();
    const changes = [
      () => client.call('updateSession', { token, mutations: [mutation.set('a', '2')] }),
      () => client.call('pushFlash', { token, message: Buffer.from('1') }),
      () => client.call('popFlash', { token }),
      () => client.call('newCsrfToken', { token }),
    ];
    for (const change of changes) expect(await addedBy(change)).toEqual({ sessions_updated: 1 });
  });

  test('no change that fails, but that versions conflict', async () => {
    const token = await create();
    const update = { token, ifVersion: 7, mutations: [mutation.set('a', '2')] };
    expect(await addedBy(() => failureOf(client.call('updateSession', update)))).toEqual({ version_conflicts: 1 });
    const mutations = [mutation.increment('a', 1), mutation.append('a', '1')];
    expect(await addedBy(() => failureOf(client.call('updateSession', { token, mutations })))).toEqual({});
    const full = [mutation.pushFlash('', '1'), mutation.pushFlash('', '2')];
    expect(await addedBy(() => failureOf(client.call('updateSession', { token, mutations: full })))).toEqual({});
  });

  test('tokens that are replaced and sessions that are ended, once', async () => {
    let token = await create();
    const regenerate = async (): Promise<void> => {
      ({ token } = await client.call('regenerateSession', { token }));
    };
    expect(await addedBy(regenerate)).toEqual({ sessions_regenerated: 1 });
    expect(await addedBy(() => client.call('invalidateSession', { token }))).toEqual({ sessions_invalidated: 1 });
    expect(await addedBy(() => client.call('invalidateSession', { token }))).toEqual({});
  });

  test('commands that the store failed, by reason', async () => {
    const token = await create();
    await redis.admin.config('SET', 'maxmemory', '1');
    expect(await addedBy(() => failureOf(create()))).toEqual({ 'store_errors create STORE_FULL': 1 });
    const update = { token, mutations: [mutation.set('a', '2')] };
    expect(await addedBy(() => failureOf(client.call('updateSession', update)))).toEqual({
      'store_errors update STORE_FULL': 1,
    });
    await redis.admin.config('SET', 'maxmemory', '0');

    const [stored = ''] = await redis.admin.keys('*');
    await redis.admin.set(stored, 'damaged');
    expect(await addedBy(() => failureOf(client.call('getSession', { token })))).toEqual({
      'store_errors load INTERNAL': 1,
    });

    await redis.admin.call('ACL', 'SETUSER', 'default', '-evalsha', '-eval');
    const end = (): Promise<unknown> => failureOf(client.call('invalidateSession', { token }));
    expect(await addedBy(end)).toEqual({ 'store_errors delete STORE_UNAVAILABLE': 1 });
    await redis.admin.call('ACL', 'SETUSER', 'default', '+@all');
  });

  test('every call that ended, by method and status, and how long it took', async () => {
    const counted = {
      'CreateSession OK': ['rpcs_total', { method: 'CreateSession', status: 'OK' }],
      'GetSession OK': ['rpcs_total', { method: 'GetSession', status: 'OK' }],
      'GetSession UNAUTHENTICATED': ['rpcs_total', { method: 'GetSession', status: 'UNAUTHENTICATED' }],
      'GetSession, timed': ['rpc_duration_seconds_count', { method: 'GetSession' }],
      'create, timed': ['store_command_duration_seconds_count', { command: 'create' }],
      'load, timed': ['store_command_duration_seconds_count', { command: 'load' }],
    } as const;
    const work = async (): Promise<void> => {
      const token = await create();
      await client.call('getSession', { token });
      await failureOf(client.call('getSession', { token: 'nonsense' }));
    };
    expect(await growth(counted, work)).toEqual({
      'CreateSession OK': 1,
      'GetSession OK': 1,
      'GetSession UNAUTHENTICATED': 1,
      'GetSession, timed': 2,
      'create, timed': 1,
      'load, timed': 1,
    });
  });

  test('the size of sessions that are created and loaded', async () => {
    const counted = { sessions: ['session_size_bytes_count', {}], bytes: ['session_size_bytes_sum', {}] } as const;
    const work = async (): Promise<void> => {
      const mutations = [mutation.set('key', `"${'x'.repeat(995)}"`)];
      const { token } = await client.call('createSession', { mutations });
      await client.call('getSession', { token });
    };
    expect(await growth(counted, work)).toEqual({ sessions: 2, bytes: 2_000 });
  });

  test('calls under way, while they are', async () => {
    const token = await create();
    redis.freeze();
    const calls = [1, 2, 3].map(() => client.call('getSession', { token }));
    await until(
      'three calls to be under way',
      async () => (await metricsOf(sidecar)).value('session_sidecar_rpcs_in_flight') === 3,
    );
    redis.thaw();
    await Promise.all(calls);
    await untilIdle();
  });

  test('whether the store is ready, and what is running', async () => {
    const metrics = await metricsOf(sidecar);
    expect(metrics.value('session_sidecar_store_ready')).toBe(1);
    expect(metrics.value('session_sidecar_build_info', { version, store: 'redis' })).toBe(1);
    const inMemory = await metricsOf(await stack.process());
    expect(inMemory.value('session_sidecar_store_ready')).toBe(1);
    expect(inMemory.value('session_sidecar_build_info', { version, store: 'memory' })).toBe(1);
    const withoutRedis = await stack.process({
      settings: { SIGNING_KEYS: signingKey, REDIS_URL: `redis://127.0.0.1:${await freePort()}` },
    });
    expect((await metricsOf(withoutRedis)).value('session_sidecar_store_ready')).toBe(0);
  });

  test('events that have not happened yet, as 0', async () => {
    const metrics = await metricsOf(await stack.process());
    for (const result of ['found', 'not_found', 'token_malformed', 'token_bad_signature', 'token_unknown_key']) {
      expect(metrics.value('session_sidecar_sessions_loaded_total', { result })).toBe(0);
    }
    for (const result of ['done', 'skipped'])
      expect(metrics.value('session_sidecar_touches_total', { result })).toBe(0);
    for (const name of [
      'sessions_created',
      'sessions_updated',
      'sessions_invalidated',
      'sessions_regenerated',
      'version_conflicts',
    ]) {
      expect(metrics.value(`session_sidecar_${name}_total`)).toBe(0);
    }
  });
});

interface DocumentedMetric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

function documented(): DocumentedMetric[] {
  const page = readFileSync(join(__dirname, '../../docs/reference/metrics.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \| (.*) \|$/gm)];
  return rows.map(([, name = '', type = '', labels = '', help = '']) => ({
    name,
    type,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label),
    help,
  }));
}

/** Calls of every kind, with answers of every kind. */
async function workload(): Promise<void> {
  const token = await create();
  await client.call('getSession', { token });
  await client.call('updateSession', { token, mutations: [mutation.set('a', '2')] });
  await failureOf(client.call('updateSession', { token, ifVersion: 7 }));
  await client.call('pushFlash', { token, message: Buffer.from('1') });
  await failureOf(client.call('pushFlash', { token, message: Buffer.from('1') }));
  await client.call('peekFlash', { token });
  await client.call('popFlash', { token });
  await client.call('getCsrfToken', { token });
  await client.call('newCsrfToken', { token });
  await client.call('checkCsrfToken', { token });
  await failureOf(client.call('getSession', { token: 'nonsense' }));
  await failureOf(client.call('updateSession', { token, mutations: [mutation.set('', '')] }));
  await failureOf(client.send('GetSession', Buffer.from('nonsense')));
  await redis.admin.config('SET', 'maxmemory', '1');
  await failureOf(create());
  await redis.admin.config('SET', 'maxmemory', '0');
  const regenerated = await client.call('regenerateSession', { token });
  await failureOf(client.call('getSession', { token }));
  const [stored = ''] = await redis.admin.keys('*');
  await redis.admin.set(stored, 'damaged');
  await failureOf(client.call('getSession', { token: regenerated.token }));
  await redis.admin.del(stored);
  await client.call('invalidateSession', { token: regenerated.token });
}

describe('docs/reference/metrics.md', () => {
  test('lists the metrics that are served, and no others, with their types and meanings', async () => {
    const { families } = await metricsOf(sidecar);
    const served = [...families].map(([name, { type, help }]) => ({ name, type, help }));
    const inDocs = documented().map(({ name, type, help }) => ({ name, type, help }));
    const byName = (a: { name: string }, b: { name: string }): number => a.name.localeCompare(b.name);
    expect(served.sort(byName)).toEqual(inDocs.sort(byName));
  });

  test('lists the labels that they have after some work, each with a value from a closed set', async () => {
    await workload();
    const { samples } = await metricsOf(sidecar);
    const own = documented().filter(({ name }) => name.startsWith('session_sidecar_'));
    const allowed: Readonly<Record<string, readonly string[]>> = {
      method: Object.values(unaryMethods).map(({ name }) => name),
      status: Object.values(status).filter((name) => typeof name === 'string'),
      command: ['create', 'load', 'update', 'delete'],
      reason: Object.keys(ErrorReason),
      result: [
        'found',
        'not_found',
        'token_malformed',
        'token_bad_signature',
        'token_unknown_key',
        'done',
        'skipped',
        'hit',
        'miss',
        'applied',
        'rejected',
      ],
      limit: [
        'api_token',
        'calls_in_flight',
        'compression',
        'connections',
        'frame',
        'handshake',
        'health_watches',
        'keepalive',
        'mutations',
        'paused',
        'reply_buffer',
        'request_buffer',
        'request_time',
        'streams',
        // Of the HTTP port.
        'head',
        'body',
        'time',
      ],
      setting: ['SESSION_SIDECAR_SIGNING_KEYS_FILE'],
      version: [version],
      store: ['redis'],
    };
    for (const { name, type, labels } of own) {
      const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      for (const suffix of suffixes) {
        const found = samples.filter((sample) => sample.name === name + suffix);
        expect({ name: name + suffix, isServed: found.length > 0 }).toEqual({ name: name + suffix, isServed: true });
        const expected = suffix === '_bucket' ? [...labels, 'le'] : labels;
        for (const sample of found) {
          expect({ name, labels: Object.keys(sample.labels).sort() }).toEqual({ name, labels: [...expected].sort() });
          for (const label of labels) expect(allowed[label]).toContain(sample.labels[label]);
        }
      }
    }
    const methods = samples
      .filter(({ name }) => name === 'session_sidecar_rpcs_total')
      .map(({ labels }) => labels['method']);
    expect([...new Set(methods)].sort()).toEqual([...(allowed['method'] ?? [])].sort());
  });
});
