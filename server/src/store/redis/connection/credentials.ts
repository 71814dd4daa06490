import { Cluster } from 'ioredis';
import type { Redis, RedisOptions } from 'ioredis';

/** What a connection to Redis, or to a Sentinel, identifies itself with. */
export interface Credentials {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer } | undefined;
  /** To find the master with. */
  readonly sentinel?: { readonly username: string | undefined; readonly password: string | undefined } | undefined;
}

/** Lets a client use other credentials from its next connection on. Open connections stay. */
export function replaceCredentials(client: Redis | Cluster, credentials: Credentials): void {
  const { username, password, tls, sentinel } = credentials;
  const all = client instanceof Cluster ? optionsOfCluster(client) : [client.options];
  // ioredis reads its options at every attempt to connect.
  for (const options of all) {
    Object.assign(options, { username, password });
    if (tls !== undefined) options.tls = { ...tls };
    if (sentinel === undefined) continue;
    Object.assign(options, { sentinelUsername: sentinel.username, sentinelPassword: sentinel.password });
    if (tls !== undefined) options.sentinelTLS = { ...tls };
  }
}

/** Of its connections, and of those that it will make: for these it keeps a copy of what it was given. */
function optionsOfCluster(cluster: Cluster): RedisOptions[] {
  const { connectionPool } = cluster as unknown as { readonly connectionPool: { readonly redisOptions: RedisOptions } };
  const given = cluster.options.redisOptions as RedisOptions | undefined;
  return [
    ...(given === undefined ? [] : [given]),
    connectionPool.redisOptions,
    ...cluster.nodes().map(({ options }) => options),
  ];
}
