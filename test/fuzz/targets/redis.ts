import { makeRedisStore, redisConnectionOptions } from '../../support/store-harness';
import type { StoreHarness, StoreSettings } from '../../support/store-harness';
import { startRedis } from '../../support/redis';
import type { RedisServer } from '../../support/redis';
import { endWithThread } from '../engine/children';

export interface RedisStoreUnderTest {
  readonly server: RedisServer;
  readonly harness: StoreHarness;
  close(): Promise<void>;
}

export async function startRedisForFuzzing(): Promise<RedisServer> {
  const server = await startRedis();
  endWithThread(server.process);
  return server;
}

/** A RedisStore on a Redis of its own, over a Unix socket, which is the fastest way there. */
export async function openRedisStore(settings: StoreSettings): Promise<RedisStoreUnderTest> {
  const server = await startRedisForFuzzing();
  const connection = redisConnectionOptions({ socketPath: server.socketPath });
  const harness = await makeRedisStore(connection, [server])(settings);
  return {
    server,
    harness,
    close: async () => {
      await harness.close();
      await server.stop();
    },
  };
}
