import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import { ContentKeys } from '../../server/src/store/redis/encryption/content-keys';
import type { RedisServer } from '../support/redis';
import { makeRedisStore, redisConnectionOptions } from '../support/store-harness';
import type { StoreSettings } from '../support/store-harness';
import { describeSessionStore } from './session-store.contract';
import { stackForAllTests } from '../support/stack';

const stack = stackForAllTests();

let server: RedisServer;

beforeAll(async () => {
  server = await stack.redis();
});

// Otherwise, what one test leaves is aged by each later one.
afterEach(() => server.admin.flushall());

const connection = () => redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port: server.port }] });

describeSessionStore('Redis', (settings: StoreSettings) => makeRedisStore(connection(), [server])(settings));

describeSessionStore('Redis without TTL (LRU mode)', (settings: StoreSettings) =>
  makeRedisStore(connection(), [server], { expireKeys: false })(settings),
);

describeSessionStore('Redis with encryption', (settings: StoreSettings) => {
  const encryption = { keys: new ContentKeys({ encrypts: true, keys: [randomBytes(32)] }) };
  return makeRedisStore(connection(), [server], { encryption })(settings);
});

const nearCache = { hits: 0, misses: 0 };

describeSessionStore('Redis with a near cache', (settings: StoreSettings) =>
  makeRedisStore(connection(), [server], { nearCache })(settings),
);

afterAll(() => {
  // Otherwise this was another run without one.
  expect(nearCache.hits).toBeGreaterThan(50);
});
