import { until } from './poll';
import { freePort } from './free-port';
import { startRedis, untilInSync } from './redis';
import type { RedisServer } from './redis';

/** A real Redis Cluster of three masters on loopback. */
export interface RedisCluster {
  /** The masters. */
  readonly nodes: readonly RedisServer[];
  /** One for each master, in the same order. Empty if the cluster has none. */
  readonly replicas: readonly RedisServer[];
  stop(): Promise<void>;
}

export interface RedisClusterOptions {
  /** Default: no. */
  readonly withReplicas?: boolean;
}

export async function startRedisCluster({ withReplicas = false }: RedisClusterOptions = {}): Promise<RedisCluster> {
  // Without replicas, there is no failover to wait for, and a slow master on a busy machine must not count as failed.
  const nodeTimeoutMs = withReplicas ? 2_000 : 60_000;
  const nodes = await Promise.all([0, 1, 2].map(() => startClusterNode(nodeTimeoutMs)));
  const [first] = nodes;
  const slots = 16_384;
  await Promise.all(
    nodes.map(async ({ admin }, index) => {
      const from = Math.ceil((index * slots) / nodes.length);
      const to = Math.ceil(((index + 1) * slots) / nodes.length) - 1;
      await admin.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
      await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
      if (first !== undefined && index > 0) {
        await admin.call('CLUSTER', 'MEET', '127.0.0.1', first.port, first.port + busPortOffset);
      }
    }),
  );
  await until('the cluster to form', async () => {
    const infos = await Promise.all(nodes.map(({ admin }) => admin.call('CLUSTER', 'INFO')));
    return infos.every(
      (info) => String(info).includes('cluster_state:ok') && String(info).includes('cluster_known_nodes:3'),
    );
  });
  const replicas = withReplicas ? await Promise.all(nodes.map((node) => startClusterReplica(node, nodeTimeoutMs))) : [];
  // In a failover, a master votes only for a node that it knows as a replica.
  if (withReplicas) await untilAllKnow([...nodes, ...replicas], replicas);
  return {
    nodes,
    replicas,
    stop: async () => {
      await Promise.all([...nodes, ...replicas].map((node) => node.stop()));
    },
  };
}

const busPortOffset = 10_000;

async function startClusterNode(nodeTimeoutMs: number): Promise<RedisServer> {
  const port = await freePort();
  return startRedis({
    port,
    args: [
      '--cluster-enabled',
      'yes',
      '--cluster-node-timeout',
      String(nodeTimeoutMs),
      '--cluster-announce-ip',
      '127.0.0.1',
      // A replica may be promoted however long the election takes on a busy machine.
      '--cluster-replica-validity-factor',
      '0',
    ],
  });
}

async function startClusterReplica(master: RedisServer, nodeTimeoutMs: number): Promise<RedisServer> {
  const replica = await startClusterNode(nodeTimeoutMs);
  const id = String(await master.admin.call('CLUSTER', 'MYID'));
  await replica.admin.call('CLUSTER', 'MEET', '127.0.0.1', master.port, master.port + busPortOffset);
  await until('the replica to know its master', () =>
    replica.admin.call('CLUSTER', 'REPLICATE', id).then(
      () => true,
      () => false,
    ),
  );
  await untilInSync(replica);
  return replica;
}

async function untilAllKnow(all: readonly RedisServer[], replicas: readonly RedisServer[]): Promise<void> {
  await until('all nodes to know all replicas', async () => {
    const views = await Promise.all(all.map(async ({ admin }) => String(await admin.call('CLUSTER', 'NODES'))));
    return views.every((view) =>
      replicas.every(({ port }) =>
        view.split('\n').some((node) => node.includes(`:${port}@`) && node.includes('slave')),
      ),
    );
  });
}
