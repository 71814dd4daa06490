import { Cluster } from 'ioredis';
import type { Redis } from 'ioredis';

/** A connection to each server that holds a part of the keys. Rejects as `connect()` of ioredis does. */
export async function serversOf(client: Redis | Cluster): Promise<Redis[]> {
  const servers = client instanceof Cluster ? client.nodes('master') : [client];
  // Of a Cluster, ioredis connects to a server when it is first used, and rejects that command.
  await Promise.all(servers.filter(({ status }) => status === 'wait').map((server) => server.connect()));
  return servers;
}
