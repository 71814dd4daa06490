import { beforeAll, describe, expect, test } from '@jest/globals';
import { emptyContent } from '../../server/src/session/content';
import type { ExpiryPolicy } from '../../server/src/session/session';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import type { RedisServer } from '../support/redis';
import {
  generousLimits,
  keyPrefix,
  makeRedisStore,
  redisConnectionOptions,
  twentyMinutes,
} from '../support/store-harness';
import { stackForAllTests } from '../support/stack';

const minute = 60_000;

describe('a session that was stored under other settings', () => {
  const stack = stackForAllTests();
  let server: RedisServer;

  beforeAll(async () => {
    server = await stack.redis();
  });

  function open(expiry: ExpiryPolicy, expireKeys = true) {
    const connection = redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port: server.port }] });
    return makeRedisStore(connection, [server], { expireKeys })({ expiry, limits: generousLimits });
  }

  async function createUnder(expiry: ExpiryPolicy) {
    const { store, close } = await open(expiry);
    const { handle, secretHash } = createTokens([randomSigningKey()]).issue();
    const ref = { handle, secretHash };
    const given = { csrfToken: 'csrf', idleTimeout: expiry.idleTimeout, subject: undefined, content: emptyContent };
    await store.create({ ...ref, ...given });
    await close();
    return ref;
  }

  test.each([
    ['a longer touch interval', { ...twentyMinutes, touchInterval: 10 * minute }, true, 30 * minute],
    ['no greatest lifetime any more', twentyMinutes, true, 21 * minute],
    ['no TTL any more', twentyMinutes, false, Infinity],
  ])('does not end early under %s: its first read moves the TTL', async (_what, expiry, expireKeys, lifetime) => {
    const ref = await createUnder({ idleTimeout: 20 * minute, touchInterval: minute, maxLifetime: 15 * minute });
    const { store, close } = await open(expiry, expireKeys);
    const loaded = await store.load(ref);
    await close();
    expect(loaded).toMatchObject({ touched: false });
    const ttlEnd = await server.admin.pexpiretime(keyPrefix + ref.handle);
    expect(ttlEnd === -1 ? Infinity : ttlEnd).toBe((loaded?.session.created ?? 0) + lifetime);
  });

  test('does not end early when another sidecar made its idle timeout shorter', async () => {
    const ref = await createUnder(twentyMinutes);
    const [reader, writer] = [await open(twentyMinutes), await open(twentyMinutes)];
    await reader.store.load(ref);
    await writer.store.update(ref, { idleTimeout: 5 * minute });
    for (let elapsed = 0; elapsed < 20; elapsed += 4) {
      await reader.advance(4 * minute);
      expect(await reader.store.load(ref)).toMatchObject({ touched: true });
    }
    await Promise.all([reader.close(), writer.close()]);
  });
});
