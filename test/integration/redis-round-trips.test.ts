import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { emptyContent } from '../../server/src/session/content';
import { etagOf } from '../../server/src/session/etag';
import type { SessionStore } from '../../server/src/session/session-store';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import type { RedisServer } from '../support/redis';
import { commandCounts } from '../support/redis-inspection';
import { generousLimits, makeRedisStore, redisConnectionOptions, twentyMinutes } from '../support/store-harness';
import type { StoreHarness } from '../support/store-harness';
import { stackForAllTests } from '../support/stack';

const set = { mutations: [{ kind: 'set', key: 'a', value: Buffer.from('1') }] } as const;

/** What a call costs Redis, from `INFO commandstats`: commands sent to it, and commands run inside scripts. */
describe('what a call costs Redis', () => {
  const stack = stackForAllTests();
  let server: RedisServer;
  let harness: StoreHarness;
  let store: SessionStore;
  /** Another sidecar, which has not seen the session yet. */
  let another: StoreHarness;
  const tokens = createTokens([randomSigningKey()]);

  beforeAll(async () => {
    server = await stack.redis();
    const connection = redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port: server.port }] });
    harness = stack.use(await makeRedisStore(connection, [server])({ expiry: twentyMinutes, limits: generousLimits }));
    store = harness.store;
    another = stack.use(await makeRedisStore(connection, [server])({ expiry: twentyMinutes, limits: generousLimits }));
    const warmUp = await newSession();
    await another.store.load(warmUp);
    await harness.advance(120_000);
    await store.load(warmUp);
    await store.update(warmUp, {});
    await store.update(warmUp, set);
    await store.delete(warmUp);
  });

  let session: Awaited<ReturnType<typeof newSession>>;

  beforeEach(async () => {
    session = await newSession();
    await server.admin.config('RESETSTAT');
  });

  async function newSession() {
    const { handle, secretHash } = tokens.issue();
    const given = {
      handle,
      secretHash,
      content: emptyContent,
      csrfToken: `csrf-of-${handle}`,
      idleTimeout: 1_200_000,
      subject: undefined,
    };
    await store.create(given);
    return given;
  }

  const commands = () => commandCounts(server.admin);

  test('a load within the touch interval: one trip, no write', async () => {
    await another.store.load(session);
    await expect(commands()).resolves.toEqual({ evalsha: 1, time: 1, get: 1, pexpiretime: 1 });
  });

  test('a load of a session that this sidecar loaded or created moments ago: one plain read', async () => {
    await store.load(session);
    await expect(commands()).resolves.toEqual({ mget: 1 });
  });

  test('concurrent loads: one read for all', async () => {
    const sessions = await Promise.all(Array.from({ length: 50 }, newSession));
    await server.admin.config('RESETSTAT');
    const loaded = await Promise.all(sessions.map((each) => store.load(each)));
    await expect(commands()).resolves.toEqual({ mget: 1 });
    expect(loaded.map((each) => each?.session.csrfToken)).toEqual(sessions.map(({ csrfToken }) => csrfToken));
  });

  describe('for a caller that has a copy', () => {
    /** The etag of the session as it is now. */
    async function held(): Promise<Buffer> {
      const { generation, session: loaded } = (await store.load(session))!;
      return etagOf(generation!, loaded.version);
    }

    async function written(bytes: number): Promise<void> {
      await store.update(session, { mutations: [{ kind: 'set', key: 'a', value: Buffer.alloc(bytes, 'x') }] });
      await harness.advance(120_000);
      await store.load(session);
    }

    const sentBytes = async (): Promise<number> =>
      Number(/^total_net_output_bytes:(\d+)/m.exec(await server.admin.info('stats'))?.[1]);

    test('a large session that has not changed: one trip, and not its content', async () => {
      await written(100_000);
      const etag = await held();
      await server.admin.config('RESETSTAT');
      for (let n = 0; n < 10; n++) expect(await store.validate(session, etag)).toHaveProperty('unchanged');
      await expect(commands()).resolves.toEqual({ getrange: 10 });
      expect(await sentBytes()).toBeLessThan(100_000);
    });

    test('a large session that has changed: a second trip', async () => {
      await written(100_000);
      const etag = await held();
      await store.update(session, { mutations: [{ kind: 'set', key: 'b', value: Buffer.from('1') }] });
      await server.admin.config('RESETSTAT');
      expect(await store.validate(session, etag)).toMatchObject({ session: { version: 3 } });
      await expect(commands()).resolves.toEqual({ getrange: 1, mget: 1 });
    });

    test('a small session: one plain read, together with others', async () => {
      await written(1000);
      const etag = await held();
      await server.admin.config('RESETSTAT');
      await Promise.all([store.validate(session, etag), store.validate(session, etag)]);
      await expect(commands()).resolves.toEqual({ mget: 1 });
    });
  });

  test('a load after the idle timeout was changed: one trip, although it decides anew', async () => {
    await store.update(session, { idleTimeout: 60_000 });
    await server.admin.config('RESETSTAT');
    await store.load(session);
    await expect(commands()).resolves.toMatchObject({ evalsha: 1 });
    await expect(commands()).resolves.not.toHaveProperty('mget');
  });

  test('a load in LRU mode: always a script, since Redis ends no session by itself', async () => {
    const connection = redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port: server.port }] });
    const make = makeRedisStore(connection, [server], { expireKeys: false });
    const lru = await make({ expiry: twentyMinutes, limits: generousLimits });
    await lru.store.load(session);
    await server.admin.config('RESETSTAT');
    await lru.store.load(session);
    await expect(commands()).resolves.toMatchObject({ evalsha: 1 });
    await lru.close();
  });

  test('a load that records the access: one trip, the record rewritten in place, the TTL moved', async () => {
    await harness.advance(120_000);
    await server.admin.config('RESETSTAT');
    await store.load(session);
    await expect(commands()).resolves.toEqual({ evalsha: 1, time: 1, get: 1, setrange: 1, pexpireat: 1 });
  });

  test('an update: one trip, one write that carries the TTL', async () => {
    await store.update(session, set);
    await expect(commands()).resolves.toEqual({ evalsha: 1, time: 1, get: 1, set: 1 });
  });

  test('an update that changes nothing: one trip, no write', async () => {
    await store.update(session, { mutations: [{ kind: 'delete', key: 'missing' }] });
    await expect(commands()).resolves.toEqual({ evalsha: 1, time: 1, get: 1, pexpiretime: 1 });
  });

  test('a creation: one trip, one write that carries the TTL', async () => {
    await newSession();
    await expect(commands()).resolves.toEqual({ evalsha: 1, time: 1, set: 1 });
  });

  test('a deletion: one trip', async () => {
    await store.delete(session);
    await expect(commands()).resolves.toEqual({ evalsha: 1, time: 1, get: 1, unlink: 1 });
  });

  test('Redis forgetting its scripts costs one more trip, once, and no failure', async () => {
    await server.admin.script('FLUSH');
    await server.admin.config('RESETSTAT');
    await store.update(session, {});
    await store.update(session, {});
    await expect(commands()).resolves.toMatchObject({ evalsha: 2, get: 2 });
  });
});
