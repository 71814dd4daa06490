import { afterEach, beforeAll } from '@jest/globals';
import type { RedisCluster } from '../support/redis-cluster';
import { makeRedisStore, redisConnectionOptions } from '../support/store-harness';
import { describeSessionStore } from './session-store.contract';
import { stackForAllTests } from '../support/stack';

const stack = stackForAllTests();

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await stack.redisCluster();
});

// Otherwise, what one test leaves is aged by each later one.
afterEach(() => Promise.all(cluster.nodes.map(({ admin }) => admin.flushall())));

describeSessionStore('Redis Cluster of three masters', (settings) => {
  const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
  return makeRedisStore(redisConnectionOptions({ mode: 'cluster', nodes }), cluster.nodes)(settings);
});
