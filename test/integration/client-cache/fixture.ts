import { beforeAll } from '@jest/globals';
import type { CacheStatistics, ConnectionOptions, SessionClient } from '@session-sidecar/client';
import { connect } from '../../support/client';
import { until } from '../../support/poll';
import type { RedisServer } from '../../support/redis';
import type { Sidecar } from '../../support/sidecar';
import { stackForAllTests, stackForEachTest } from '../../support/stack';

export interface Shop {
  count: number;
  cart: string[];
}

type Client = SessionClient<Shop>;

/** Starts clients with a cache, and sidecars on the same Redis, for the tests of a file, each of which ends what it started. */
export function cachingClients() {
  const shared = stackForAllTests();
  const stack = stackForEachTest();
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await shared.redis();
  });

  return {
    stack,
    startSidecar: (settings: Record<string, string> = {}) => stack.sidecar({ redis, settings }),
    /** Starts one on the address of another that was closed. */
    replaceSidecar: ({ address }: Sidecar) => stack.sidecar({ redis, address }),
    connect: (sidecar: { readonly address: string }, options: Partial<ConnectionOptions> = {}): Client =>
      stack.use(connect<Shop>(sidecar, { cache: { maxBytes: 1 << 24 }, ...options })),
    emptyRedis: () => redis.admin.flushall(),
    breakConnections: () => redis.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'),
  };
}

export async function newSession(client: Client, initial = 0): Promise<string> {
  const session = client.create();
  session.set('count', initial);
  session.set('cart', ['tea']);
  await session.save();
  return session.token!;
}

/** What the client's cache has done during `work`. */
export async function done(client: Client, work: () => Promise<unknown>): Promise<Partial<CacheStatistics>> {
  const before = client.cacheStats!;
  await work();
  const after = client.cacheStats!;
  const names = ['live', 'validated', 'missed'] as const;
  const counted = names.map((name) => [name, after[name] - before[name]] as const);
  return Object.fromEntries(counted.filter(([, times]) => times > 0));
}

/** Opens a session until that costs no call. */
export async function untilLive(client: Client, token: string): Promise<void> {
  await until('a live read', async () => (await done(client, () => client.open(token))).live === 1);
}

export async function count(client: Client, token: string): Promise<number | undefined> {
  return (await client.open(token)).get('count');
}

export async function set(client: Client, token: string, value: number): Promise<void> {
  const session = await client.open(token);
  session.set('count', value);
  await session.save();
}
