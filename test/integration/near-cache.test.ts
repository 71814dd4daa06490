import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import type { Redis } from 'ioredis';
import type { SessionRef } from '../../server/src/session/session-store';
import { createSubscriber } from '../../server/src/store/redis/connection/connect';
import { RedisStore } from '../../server/src/store/redis/redis-store';
import { connect } from '../support/client';
import { moveMonotonicClock } from '../support/clock';
import { until } from '../support/poll';
import { metricOf, nearCacheHitsOf } from '../support/ready-sidecar';
import type { RedisServer } from '../support/redis';
import type { Sidecar } from '../support/sidecar';
import {
  connectForTest,
  generousLimits,
  keyPrefix,
  nearCacheFor,
  redisConnectionOptions,
} from '../support/store-harness';
import { commandsOf } from '../support/redis-inspection';
import { stackForAllTests, stackForEachTest } from '../support/stack';

interface Shop {
  count: number;
}

/** Two sidecars of one deployment, each with a near cache and a client of its own. */
describe('a near cache', () => {
  const shared = stackForAllTests();
  const stack = stackForEachTest();
  let redis: RedisServer;
  let sidecars: Sidecar[];
  let here: SessionClient<Shop>;
  let there: SessionClient<Shop>;
  let token: string;

  beforeAll(async () => {
    redis = await shared.redis();
  });

  beforeEach(async () => {
    const settings = { NEAR_CACHE: '8MiB' };
    sidecars = await Promise.all([0, 1].map(() => stack.sidecar({ redis, settings })));
    for (const sidecar of sidecars)
      await until('the near cache', async () => (await metricOf(sidecar, 'session_sidecar_near_cache_ready')) === 1);
    [here, there] = sidecars.map((sidecar) => stack.use(connect<Shop>(sidecar))) as [
      SessionClient<Shop>,
      SessionClient<Shop>,
    ];
    const session = here.create();
    session.set('count', 0);
    await session.save();
    token = session.token!;
  });

  async function count(client: SessionClient<Shop>): Promise<number | undefined> {
    return (await client.open(token)).get('count');
  }

  /** Reads often enough for the session to be in the near cache of this client's sidecar. */
  async function warmUp(client: SessionClient<Shop>): Promise<void> {
    for (let times = 0; times < 3; times += 1) await client.open(token);
  }

  async function set(client: SessionClient<Shop>, value: number): Promise<void> {
    const session = await client.open(token);
    session.set('count', value);
    await session.save();
  }

  test('answers reads without asking Redis', async () => {
    await warmUp(here);
    expect(await readsOf(redis, () => here.open(token))).toBe(0);
    expect(await nearCacheHitsOf(sidecars[0]!)).toBeGreaterThan(0);
  });

  test('has an access recorded when that is due, so that a session in use does not expire', async () => {
    const session = await here.open(token);
    // An access is due to be recorded after a tenth of it.
    session.setIdleTimeout(10_000);
    await session.save();
    await warmUp(here);
    expect(await nearCacheHitsOf(sidecars[0]!)).toBeGreaterThan(0);
    const { expires } = await here.open(token);
    await until('an access to be recorded', async () => (await here.open(token)).expires! > expires!);
  });

  test('shows a client its own changes at once', async () => {
    for (let value = 1; value <= 50; value += 1) {
      await warmUp(here);
      await set(here, value);
      expect(await count(here)).toBe(value);
    }
  });

  test('shows the changes of another sidecar, and only those', async () => {
    for (let value = 1; value <= 20; value += 1) {
      await warmUp(there);
      await set(here, value);
      await until('the change to be seen', async () => (await count(there)) === value);
    }
  });

  test('forgets a session that another sidecar ended, and does not bring it back', async () => {
    await warmUp(there);
    await (await here.open(token)).invalidate();
    await until('the end to be seen', async () => (await there.open(token)).origin === 'not_found');
    await expect(there.open(token)).resolves.toMatchObject({ origin: 'not_found' });
  });

  test('never refuses a token that another sidecar has just given to the session', async () => {
    for (let times = 0; times < 20; times += 1) {
      await warmUp(there);
      const session = await here.open(token);
      await session.regenerate();
      token = session.token!;
      await expect(there.open(token)).resolves.toMatchObject({ origin: 'found' });
    }
  });

  test('does not accept an earlier token of the session', async () => {
    const session = await here.open(token);
    await session.regenerate();
    for (let times = 0; times < 3; times += 1) await here.open(session.token);
    expect(await readsOf(redis, () => here.open(session.token))).toBe(0);
    await expect(here.open(token)).resolves.toMatchObject({ origin: 'not_found' });
  });

  test('forgets everything when Redis is emptied', async () => {
    await warmUp(here);
    await redis.admin.flushall();
    await until('the end to be seen', async () => (await here.open(token)).origin === 'not_found');
  });

  test('is dropped whole when the connection for invalidations is lost, and comes back', async () => {
    await warmUp(here);
    await redis.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(
      'the loss to be noticed',
      async () => (await metricOf(sidecars[0]!, 'session_sidecar_near_cache_ready')) === 0,
    );
    expect(await readsOf(redis, () => here.open(token))).toBe(1);

    await until('the near cache', async () => (await metricOf(sidecars[0]!, 'session_sidecar_near_cache_ready')) === 1);
    await warmUp(here);
    expect(await readsOf(redis, () => here.open(token))).toBe(0);
    await set(there, 7);
    await until('the change to be seen', async () => (await count(here)) === 7);
  });

  test('is dropped whole when the connection that reads is lost', async () => {
    await warmUp(here);
    await redis.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await set(there, 8).catch(() => undefined);
    await until('the change to be seen', async () => {
      await set(there, 8).catch(() => undefined);
      return (await count(here).catch(() => undefined)) === 8;
    });
    await until('the near cache', async () => (await metricOf(sidecars[0]!, 'session_sidecar_near_cache_ready')) === 1);
    await warmUp(here);
    expect(await readsOf(redis, () => here.open(token))).toBe(0);
  });
});

describe('a Redis whose invalidations come late', () => {
  const stack = stackForEachTest();
  let redis: RedisServer;
  let store: RedisStore;
  let subscriber: Redis;
  const reads = { hits: 0, misses: 0 };
  const minute = 60_000;
  const content = { data: new Map(), flash: new Map() };
  const ref = { handle: 'handle', secretHash: 'hash' };

  beforeEach(async () => {
    redis = await stack.redis();
    const options = redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port: redis.port }] });
    subscriber = createSubscriber(options, () => undefined);
    const near = nearCacheFor(reads, subscriber);
    const expiry = { idleTimeout: 20 * minute, touchInterval: 10 * minute, maxLifetime: 5 * minute };
    const settings = { expiry, limits: generousLimits, keyPrefix, expireKeys: true, commandTimeoutMs: 5_000 };
    store = stack.use(new RedisStore({ connection: connectForTest(options), ...settings, ...near.options }));
    await until('the near cache', () => store.ready && near.isReady());
    await create(ref);
    await untilHit(ref);
  });

  const create = (session: SessionRef) =>
    store.create({ ...session, content, csrfToken: 'csrf', idleTimeout: 20 * minute, subject: undefined });

  const untilHit = (session: SessionRef) =>
    until('a read from the near cache', async () => {
      const before = reads.hits;
      await store.load(session);
      return reads.hits > before;
    });

  test('shows a sidecar its own changes nevertheless', async () => {
    subscriber.stream.pause();
    await store.update(ref, { mutations: [{ kind: 'set', key: 'a', value: Buffer.from('1') }] });
    expect((await store.load(ref))?.session.data.get('a')).toEqual(Buffer.from('1'));
    await store.delete(ref);
    expect(await store.load(ref)).toBeUndefined();
  });

  test('is read for a session that may have ended', async () => {
    moveMonotonicClock(6 * minute);
    const another = { handle: 'another', secretHash: 'hash' };
    await create(another);
    await untilHit(another);
    const before = reads.hits;
    await store.load(ref);
    expect(reads.hits).toBe(before);
  });
});

describe('a Redis that does not send invalidations', () => {
  const stack = stackForEachTest();

  test('is read each time, and the log reports once what is missing', async () => {
    const redis = await stack.redis();
    await redis.admin.call('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-client|tracking');
    const url = redis.url.replace('redis://', 'redis://app:secret@');
    const sidecar = await stack.sidecar({ redis: { url }, settings: { NEAR_CACHE: '8MiB' }, logLevel: 'debug' });
    // Each try asks for the number of a connection first.
    await until('a second try', async () =>
      /cmdstat_client\|id:calls=[2-9]/.test(await redis.admin.info('commandstats')),
    );
    expect(
      sidecar
        .log()
        .split('\n')
        .filter((line) => line.includes('SESSION_SIDECAR_NEAR_CACHE is inactive')),
    ).toHaveLength(1);
    const client = stack.use(connect<Shop>(sidecar));
    const session = client.create();
    session.set('count', 1);
    await session.save();
    for (let times = 0; times < 3; times += 1) await client.open(session.token);
    expect(await readsOf(redis, () => client.open(session.token))).toBe(1);
    expect(await metricOf(sidecar, 'session_sidecar_near_cache_ready')).toBe(0);
  });
});

/** How often Redis was asked for a session. */
async function readsOf(redis: RedisServer, work: () => Promise<unknown>): Promise<number> {
  const { mget = 0, evalsha = 0 } = await commandsOf(redis, work);
  return mget + evalsha;
}
