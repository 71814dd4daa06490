import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import fc from 'fast-check';
import { connect } from '../../support/client';
import { until } from '../../support/poll';
import { nearCacheHitsOf } from '../../support/ready-sidecar';
import type { RedisServer } from '../../support/redis';
import type { Sidecar } from '../../support/sidecar';
import { age } from '../../support/store-harness';
import { commandsOf } from '../../support/redis-inspection';
import { stackForAllTests, stackForEachTest } from '../../support/stack';

const second = 1000;
const minute = 60 * second;
const idleTimeout = 20 * minute;
const touchInterval = minute;
const maxLifetime = 120 * minute;
/** Redis's clock goes on while a test runs: no test asks what happens closer to an end than this. */
const slack = 20 * second;

describe.each([
  ['with a TTL in Redis', 'on'],
  ['without TTL, in LRU mode', 'off'],
])('a session lives as long as promised, %s', (_mode, ttl) => {
  const stack = stackForAllTests();
  let redis: RedisServer;
  let sidecar: Sidecar;
  let client: SessionClient<{ a: number }>;

  beforeAll(async () => {
    redis = await stack.redis();
    const settings = {
      IDLE_TIMEOUT: '20m',
      TOUCH_INTERVAL: '1m',
      MAX_LIFETIME: '2h',
      REDIS_TTL: ttl,
    };
    sidecar = await stack.sidecar({ redis, settings });
    client = stack.use(connect(sidecar));
  });

  afterEach(() => redis.admin.flushall());

  const pass = (milliseconds: number) => age(redis, milliseconds);
  const isThere = async (token: string) => (await client.open(token)).origin === 'found';

  async function newSession(timeout?: number | 'never'): Promise<string> {
    const session = client.create();
    session.set('a', 1);
    if (timeout !== undefined) session.setIdleTimeout(timeout);
    await session.save();
    return session.token!;
  }

  test('it exists one idle timeout after its last access, even if that access was not recorded', async () => {
    const token = await newSession();
    await pass(touchInterval - slack);
    // Within the touch interval, so it is not recorded.
    expect(await isThere(token)).toBe(true);
    await pass(idleTimeout);
    expect(await isThere(token)).toBe(true);
  });

  test('it is gone one idle timeout and one touch interval after its last access', async () => {
    const token = await newSession();
    await pass(idleTimeout + touchInterval + slack);
    expect(await isThere(token)).toBe(false);
  });

  test('each access, reading or writing, moves its end', async () => {
    const token = await newSession();
    for (let visit = 0; visit < 2; visit += 1) {
      await pass(idleTimeout);
      expect(await isThere(token)).toBe(true);
      await pass(idleTimeout);
      const session = await client.open(token);
      session.set('a', visit);
      await session.save();
    }
    await pass(idleTimeout);
    expect(await isThere(token)).toBe(true);
  });

  test('it never outlives its maximum lifetime, however busy it is', async () => {
    const token = await newSession();
    for (let passed = 0; passed < maxLifetime - 10 * minute; passed += 10 * minute) {
      expect(await isThere(token)).toBe(true);
      await pass(10 * minute);
    }
    const session = await client.open(token);
    expect(session.origin).toBe('found');
    session.setIdleTimeout('never');
    await session.save();
    await pass(10 * minute + slack);
    expect(await isThere(token)).toBe(false);
  });

  test('it reports when it expires if it is not used again', async () => {
    const session = await client.open(await newSession());
    const { created, expires } = session;
    expect(expires!.getTime() - created!.getTime()).toBe(idleTimeout + touchInterval);
    session.setIdleTimeout('never');
    await session.save();
    expect(session.expires!.getTime() - created!.getTime()).toBe(maxLifetime);
  });

  test('its own idle timeout replaces that of the deployment', async () => {
    const [short, long, endless] = [
      await newSession(5 * minute),
      await newSession(60 * minute),
      await newSession('never'),
    ];
    await pass(5 * minute + touchInterval + slack);
    expect(await Promise.all([short, long, endless].map(isThere))).toEqual([false, true, true]);
    await pass(60 * minute - slack);
    expect(await Promise.all([long, endless].map(isThere))).toEqual([true, true]);
  });

  test('reading within the touch interval writes nothing to Redis', async () => {
    const token = await newSession();
    await isThere(token);
    // With a cache of its own, the client may know that nothing has changed.
    const fromMemory = async () => (await nearCacheHitsOf(sidecar)) + (client.cacheStats?.live ?? 0);
    const before = await fromMemory();
    const commands = await commandsOf(redis, async () => {
      for (let reads = 0; reads < 10; reads += 1) expect(await isThere(token)).toBe(true);
    });
    const reading = ['evalsha', 'time', 'get', 'pexpiretime', 'mget'];
    expect(Object.keys(commands).filter((name) => !reading.includes(name))).toEqual([]);
    const askedRedis = (commands['evalsha'] ?? 0) + (commands['mget'] ?? 0);
    expect(askedRedis + (await fromMemory()) - before).toBe(10);
  });

  test('for any sequence of calls, it exists while it must and is gone when it must be', async () => {
    // Mostly times around which something must change.
    const after = fc.oneof(
      { weight: 3, arbitrary: fc.constant(touchInterval - slack) },
      { weight: 4, arbitrary: fc.constant(idleTimeout - slack - second) },
      { weight: 1, arbitrary: fc.constant(idleTimeout + touchInterval + slack + second) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 5 * minute }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: idleTimeout + 5 * minute }) },
    );
    const visit = fc.record({
      after,
      how: fc.constantFrom('read', 'write', 'nothing'),
    });
    const property = fc.asyncProperty(fc.array(visit, { minLength: 1, maxLength: 16, size: 'max' }), async (visits) => {
      const token = await newSession();
      let [now, lastAccess] = [0, 0];
      for (const { after: passing, how } of visits) {
        now += passing;
        await pass(passing);
        if (how === 'nothing') continue;
        const mustBeThere = now < lastAccess + idleTimeout - slack && now < maxLifetime - slack;
        const mustBeGone = now > lastAccess + idleTimeout + touchInterval + slack || now > maxLifetime + slack;
        const session = await client.open(token);
        const found = session.origin === 'found';
        if (mustBeThere) expect(found).toBe(true);
        if (mustBeGone) expect(found).toBe(false);
        if (!found) return;
        lastAccess = now;
        session.set('a', now);
        if (how === 'write') await session.save();
      }
    });
    // A failure prints the seed and the path that repeat it.
    await fc.assert(property, { numRuns: 60, endOnFailure: false });
  });
});

describe('a session that has ended', () => {
  const stack = stackForEachTest();

  test('is removed by Redis itself', async () => {
    const redis = await stack.redis();
    const sidecar = await stack.sidecar({ redis });
    const client = stack.use(connect<{ a: number }>(sidecar));
    const session = client.create();
    session.set('a', 1);
    session.setIdleTimeout(minute);
    await session.save();
    expect(await redis.admin.dbsize()).toBe(1);
    await age(redis, 1.1 * minute - second);
    await until('Redis to remove the key', async () => (await redis.admin.dbsize()) === 0);
  });
});
