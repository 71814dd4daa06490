import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { version } from '../../server/package.json';
import { until } from '../support/poll';
import { metricsOf, signingKey, untilReady } from '../support/process';
import type { ServingProcess } from '../support/process';
import { connectRaw, failureOf, mutation } from '../support/raw-grpc';
import type { RawClient } from '../support/raw-grpc';
import { freeAddress } from '../support/free-port';
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

/** A call is counted when it has been answered, which may be a moment after the answer has arrived. */
async function untilIdle(): Promise<void> {
  await until(
    'no call to be in flight',
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

  test('reads that find no session, and invalid tokens, whatever the call', async () => {
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

  test('calls in flight, while they are', async () => {
    const token = await create();
    redis.freeze();
    const calls = [1, 2, 3].map(() => client.call('getSession', { token }));
    await until(
      'three calls to be in flight',
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
      settings: { SIGNING_KEYS: signingKey, REDIS_URL: `redis://${await freeAddress()}` },
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
