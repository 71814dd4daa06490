import { Cluster } from 'ioredis';
import type { Redis, RedisOptions } from 'ioredis';

/** Credentials for connections to Redis and to Sentinels. */
export interface Credentials {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer } | undefined;
  /** For the Sentinels. */
  readonly sentinel?: { readonly username: string | undefined; readonly password: string | undefined } | undefined;
}

/** Makes a client use other credentials from its next connection on. Open connections stay. */
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

/** The options of its connections and of future ones, for which it keeps a copy. */
function optionsOfCluster(cluster: Cluster): RedisOptions[] {
  const { connectionPool } = cluster as unknown as { readonly connectionPool: { readonly redisOptions: RedisOptions } };
  const given: RedisOptions | undefined = cluster.options.redisOptions;
  return [
    ...(given === undefined ? [] : [given]),
    connectionPool.redisOptions,
    ...cluster.nodes().map(({ options }) => options),
  ];
}
