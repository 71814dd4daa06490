import { until } from '../../support/poll';
import type { SlotRange } from '../history';
import { RedisNode } from './redis-node';
import { Sidecar } from './sidecar';
import type { SidecarSetup } from './sidecar';
import { keyPrefix } from './world';
import type { World } from './world';

const slotCount = 16_384;
const masterCount = 3;

export interface ClusterNode {
  readonly id: string;
  readonly node: RedisNode;
  readonly isMaster: boolean;
  /** Whether the observing node considers it up. */
  readonly isUp: boolean;
  /** The id of its master; `undefined` for a master. */
  readonly masterId: string | undefined;
  readonly slots: readonly SlotRange[];
}

export interface ClusterWorld extends World {
  readonly nodes: readonly RedisNode[];
  /** The nodes as `from` sees them. */
  view(from: RedisNode): Promise<readonly ClusterNode[]>;
  idOf(node: RedisNode): Promise<string>;
}

export interface ClusterOptions {
  /** Whether all shards fail if one has no master, which is Redis's default. */
  readonly needsFullCoverage: boolean;
}

/** A Redis Cluster of three masters, each with a replica. */
export async function startCluster(setup: SidecarSetup, { needsFullCoverage }: ClusterOptions): Promise<ClusterWorld> {
  const args = [
    ...['--appendonly', 'no', '--cluster-enabled', 'yes', '--cluster-node-timeout', '1000'],
    ...['--cluster-announce-ip', '127.0.0.1', '--repl-diskless-sync-delay', '0'],
    ...['--cluster-require-full-coverage', needsFullCoverage ? 'yes' : 'no', '--cluster-allow-replica-migration', 'no'],
  ];
  const nodes = await Promise.all(Array.from({ length: 2 * masterCount }, () => RedisNode.start({ args })));
  const [first] = nodes as [RedisNode, ...RedisNode[]];
  const idOf = async ({ admin }: RedisNode): Promise<string> => String(await admin.call('CLUSTER', 'MYID'));
  await Promise.all(
    nodes.map(async ({ admin }, index) => {
      await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
      if (index < masterCount) {
        const from = Math.ceil((index * slotCount) / masterCount);
        const to = Math.ceil(((index + 1) * slotCount) / masterCount) - 1;
        await admin.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
      }
      if (index > 0) await admin.call('CLUSTER', 'MEET', '127.0.0.1', first.port);
    }),
  );
  const infos = (): Promise<string[]> =>
    Promise.all(nodes.map(async ({ admin }) => String(await admin.call('CLUSTER', 'INFO'))));
  await until('the nodes to know each other', async () =>
    (await infos()).every((info) => info.includes(`cluster_known_nodes:${nodes.length}`)),
  );
  await Promise.all(
    nodes.slice(masterCount).map(async ({ admin }, index) => {
      const id = await idOf(nodes[index]!);
      await admin.call('CLUSTER', 'REPLICATE', id);
    }),
  );

  const world: Omit<ClusterWorld, 'sidecars'> = {
    nodes,
    servers: nodes,
    idOf,
    async view({ admin }) {
      const text = String(await admin.call('CLUSTER', 'NODES'));
      return text
        .trim()
        .split('\n')
        .map((line): ClusterNode => {
          const [id = '', address = '', flags = '', masterId = '', , , , , ...ranges] = line.split(' ');
          const port = Number(/:(\d+)@/.exec(address)?.[1]);
          const slots = ranges
            .filter((range) => !range.startsWith('['))
            .map((range) => range.split('-').map(Number))
            .map(([from = 0, to = from]): SlotRange => [from, to]);
          return {
            id,
            node: nodes.find((node) => node.port === port)!,
            isMaster: flags.includes('master'),
            isUp: !/fail|handshake|noaddr/.test(flags),
            masterId: masterId === '-' ? undefined : masterId,
            slots,
          };
        });
    },
    async slotOf(handle) {
      // Any node can answer, and some may be down.
      return Promise.any(
        nodes.map(async ({ admin }) => Number(await admin.call('CLUSTER', 'KEYSLOT', keyPrefix + handle))),
      );
    },
    async settle() {
      await until('three masters, each with a replica', async () => {
        if (!(await infos()).every((info) => info.includes('cluster_state:ok'))) return false;
        const views = await Promise.all(nodes.map((node) => world.view(node)));
        const isWhole = views.every(
          (view) =>
            view.every(({ isUp }) => isUp) &&
            view.filter(({ isMaster, slots }) => isMaster && slots.length > 0).length === masterCount,
        );
        if (!isWhole) return false;
        const roles = await Promise.all(nodes.map(({ admin }) => admin.info('replication')));
        return roles.every((role) =>
          role.includes('role:master') ? role.includes('state=online') : role.includes('master_link_status:up'),
        );
      });
    },
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
  await world.settle();
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
  const sidecars = await Promise.all(
    [0, 1].map((index) => Sidecar.start(index, setup, { REDIS_CLUSTER_NODES: addresses })),
  );
  return {
    ...world,
    sidecars,
    async stop() {
      await Promise.all(sidecars.map((sidecar) => sidecar.stop()));
      await world.stop();
    },
  };
}
