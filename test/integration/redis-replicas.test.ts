import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { emptyContent } from '../../server/src/session/content';
import type { NewSession } from '../../server/src/session/session-store';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import { RedisStore } from '../../server/src/store/redis/redis-store';
import { until } from '../support/poll';
import type { RedisServer } from '../support/redis';
import {
  connectForTest,
  generousLimits,
  keyPrefix,
  redisConnectionOptions,
  twentyMinutes,
} from '../support/store-harness';
import { commandsOf } from '../support/redis-inspection';
import { stackForAllTests } from '../support/stack';

describe('SESSION_SIDECAR_REDIS_WAIT_REPLICAS', () => {
  const stack = stackForAllTests();
  const tokens = createTokens([randomSigningKey()]);
  const increment = { mutations: [{ kind: 'increment', key: 'n', by: 1 }] } as const;
  let master: RedisServer;
  let replica: RedisServer;
  let store: RedisStore;

  beforeAll(async () => {
    master = await stack.redis();
    replica = await stack.replica(master);
    const options = redisConnectionOptions({
      nodes: [{ host: '127.0.0.1', port: master.port }],
      commandTimeoutMs: 20_000,
    });
    const { commandTimeoutMs } = options;
    const settings = { expiry: twentyMinutes, limits: generousLimits, keyPrefix, expireKeys: true, commandTimeoutMs };
    store = stack.use(
      new RedisStore({
        ...{ connection: connectForTest(options), ...settings },
        replication: { replicas: 1, timeoutMs: 2000 },
      }),
    );
    await until('the store to be ready', () => store.ready);
  });

  afterEach(() => {
    replica.thaw();
  });

  function newSession(): NewSession {
    const content = emptyContent;
    return { ...tokens.issue(), content, csrfToken: 'csrf', idleTimeout: 1_200_000, subject: undefined };
  }

  test('an acknowledged change is on the replica', async () => {
    for (let times = 0; times < 20; times += 1) {
      const session = newSession();
      await store.create(session);
      await expect(replica.admin.exists(keyPrefix + session.handle)).resolves.toBe(1);
      await store.update(session, increment);
      await expect(replica.admin.get(keyPrefix + session.handle)).resolves.toContain('n 1');
      await store.delete(session);
      await expect(replica.admin.exists(keyPrefix + session.handle)).resolves.toBe(0);
    }
  });

  test('a change that no replica confirms is distinguished from one that did not happen', async () => {
    const session = newSession();
    await store.create(session);
    replica.freeze();
    await expect(store.update(session, increment)).rejects.toMatchObject({
      reason: 'STORE_UNAVAILABLE',
      metadata: { maybe_applied: 'true' },
      message: 'The change was applied, but only 0 of 1 replicas confirmed it in time.',
    });
    expect((await store.load(session))?.session.data.get('n')).toEqual(Buffer.from('1'));
  });

  test('concurrent changes wait together, and reads do not wait', async () => {
    const session = newSession();
    await store.create(session);
    const commands = await commandsOf(master, async () => {
      await Promise.all(Array.from({ length: 50 }, () => store.update(session, increment)));
      await store.load(session);
    });
    expect(commands['evalsha']).toBe(50);
    expect(commands['wait']).toBeLessThan(50);
    await expect(replica.admin.get(keyPrefix + session.handle)).resolves.toContain('n 50');
  });
});
