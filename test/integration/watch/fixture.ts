import type { ISession, JsonValue, SessionClient } from '@session-sidecar/client';
import { connect } from '../../support/client';
import { newContentKey } from '../../support/encryption';
import { until } from '../../support/poll';
import type { RedisServer } from '../../support/redis';
import type { SidecarOptions, Stack } from '../../support/stack';
import { Watching } from '../../support/watching';

export type Client = SessionClient;

/** A stored session. @param idleMs its own idle timeout */
export async function signIn(
  client: Client,
  subject: string | undefined,
  idleMs?: number,
): Promise<ISession<Record<string, JsonValue>>> {
  const session = client.create();
  session.set('key', 1);
  session.setSubject(subject);
  if (idleMs !== undefined) session.setIdleTimeout(idleMs);
  await session.save();
  return session;
}

/** Uses a token that was replaced until that finds nothing. @param token of a grace of a millisecond */
export async function useAfterGrace(client: Client, token: string | undefined): Promise<void> {
  await until('the grace to be over', async () => (await client.open(token)).origin === 'not_found');
}

/** The stores that sidecars of a test share. */
export type Topology = 'memory' | 'redis' | 'redis without TTL' | 'encrypted redis' | 'cluster';

export const allTopologies: readonly Topology[] = ['memory', 'redis', 'redis without TTL', 'cluster'];

export interface Started {
  /** Options of a sidecar on the store. */
  readonly options: SidecarOptions;
  /** The servers of the store. */
  readonly servers: readonly RedisServer[];
}

export async function startStore(stack: Stack, topology: Topology): Promise<Started> {
  switch (topology) {
    case 'memory':
      return { options: {}, servers: [] };
    case 'redis': {
      const redis = await stack.redis();
      return { options: { redis }, servers: [redis] };
    }
    case 'redis without TTL': {
      const redis = await stack.redis();
      return { options: { redis, settings: { REDIS_TTL: 'off' } }, servers: [redis] };
    }
    case 'encrypted redis': {
      const redis = await stack.redis();
      return {
        options: { redis, settings: { ENCRYPTION_KEYS: newContentKey().toString('base64') } },
        servers: [redis],
      };
    }
    case 'cluster': {
      const { nodes } = await stack.redisCluster();
      const places = nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
      return { options: { settings: { REDIS_CLUSTER_NODES: places } }, servers: nodes };
    }
  }
}

/** A sidecar, and a watcher of everything that happens in it. */
export interface Watched {
  readonly store: Started;
  readonly client: Client;
  readonly watching: Watching;
}

export async function startWatched(stack: Stack, topology: Topology): Promise<Watched> {
  const store = await startStore(stack, topology);
  const settings = { ...store.options.settings, MAX_LIFETIME: '1h' };
  const client = stack.use(connect(await stack.sidecar({ ...store.options, settings })));
  return { store, client, watching: await Watching.start(stack, client) };
}
