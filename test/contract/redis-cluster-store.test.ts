import { afterAll, beforeAll } from '@jest/globals';
import { startRedisCluster } from '../support/redis';
import type { RedisCluster } from '../support/redis';
import { makeRedisStore, redisConnectionOptions } from '../support/store-harness';
import { describeSessionStore } from './session-store.contract';

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await startRedisCluster();
}, 60_000);

afterAll(() => cluster.stop());

describeSessionStore('Redis Cluster of three masters', (settings) => {
  const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
  return makeRedisStore(redisConnectionOptions({ mode: 'cluster', nodes }), cluster.nodes)(settings);
});
