import { until } from '../../support/poll';
import { now } from '../clock';
import type { Instant } from '../clock';
import type { Random } from '../random';
import type { ClusterNode, ClusterWorld } from '../topology/cluster';
import { all } from './fault';
import type { Fault } from './fault';

/** How long the nodes may take to spread the news of a promotion, in ms. What is acknowledged later must not be lost. */
const gossipMs = 100;

interface Shard {
  readonly master: ClusterNode;
  readonly replica: ClusterNode;
}

async function pickShard(world: ClusterWorld, random: Random): Promise<Shard> {
  await world.settle();
  const view = await world.view(world.nodes[0]!);
  const master = random.pick(view.filter(({ isMaster, slots }) => isMaster && slots.length > 0));
  return { master, replica: view.find(({ masterId }) => masterId === master.id)! };
}

/** Waits until the replica has taken over and all other nodes know it. Returns that time. */
async function takenOver(world: ClusterWorld, { master, replica }: Shard): Promise<Instant> {
  const others = world.nodes.filter((node) => node !== master.node);
  await until('a replica to take over', async () => {
    const views = await Promise.all(others.map((node) => world.view(node)));
    const infos = await Promise.all(others.map(({ admin }) => admin.call('CLUSTER', 'INFO')));
    return (
      views.every((view) =>
        view.some(({ id, isMaster, slots }) => id === replica.id && isMaster && slots.length > 0),
      ) && infos.every((info) => String(info).includes('cluster_state:ok'))
    );
  });
  return now();
}

/** Promotes a replica in a planned failover, which loses nothing. */
export const clusterFailover: Fault<ClusterWorld> = {
  name: 'cluster-failover',
  async run(world, { random, record }) {
    const shard = await pickShard(world, random);
    const injected = now();
    await shard.replica.node.admin.call('CLUSTER', 'FAILOVER');
    const possible = await takenOver(world, shard);
    const { slots } = shard.master;
    const detail = 'CLUSTER FAILOVER';
    record({ kind: this.name, detail, injected, healed: possible, possible, sidecars: all(world), slots });
    await world.settle();
  },
};

/** Kills or freezes a master, whose replica takes over. */
const masterLoss = (name: string, signal: 'SIGKILL' | 'SIGSTOP'): Fault<ClusterWorld> => ({
  name,
  async run(world, { random, record, hold }) {
    const shard = await pickShard(world, random);
    const { node, slots } = shard.master;
    const injected = now();
    if (signal === 'SIGKILL') await node.kill();
    else node.freeze();
    const possible = await takenOver(world, shard);
    record({
      ...{ kind: name, detail: signal, injected, healed: possible, possible, sidecars: all(world), slots },
      loss: { what: 'recent', from: injected, until: possible + gossipMs },
    });
    await hold(1000, 2500);
    if (signal === 'SIGKILL') await node.start();
    else node.thaw();
    await hold(500, 1000);
    await world.settle();
  },
});

export const clusterMasterKill = masterLoss('cluster-master-kill', 'SIGKILL');
export const clusterMasterHang = masterLoss('cluster-master-hang', 'SIGSTOP');

/** Moves slots with sessions in use to another master, key by key, which no caller may notice. */
export const reshard: Fault<ClusterWorld> = {
  name: 'cluster-reshard',
  async run(world, { random, record, hold, sessions }) {
    await world.settle();
    const view = await world.view(world.nodes[0]!);
    const masters = view.filter(({ isMaster, slots }) => isMaster && slots.length > 0);
    const slots = random.shuffle([...new Set(sessions().map(({ slot }) => slot))]).slice(0, 3);
    const injected = now();
    for (const slot of slots) {
      const from = masters.find((master) => master.slots.some(([first, last]) => slot >= first && slot <= last));
      if (from === undefined) continue;
      const to = random.pick(masters.filter((master) => master !== from));
      await moveSlot(slot, from, to, () => hold(20, 200));
    }
    const healed = now();
    record({ kind: this.name, detail: `${slots.length} slots`, injected, healed, possible: injected, sidecars: [] });
    await world.settle();
  },
};

async function moveSlot(slot: number, from: ClusterNode, to: ClusterNode, hold: () => Promise<void>): Promise<void> {
  const [source, target] = [from.node.admin, to.node.admin];
  await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
  await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
  await hold();
  for (;;) {
    const keys = (await source.call('CLUSTER', 'GETKEYSINSLOT', slot, 10)) as string[];
    if (keys.length === 0) break;
    await source.call('MIGRATE', '127.0.0.1', to.node.port, '', 0, 5000, 'KEYS', ...keys);
  }
  await hold();
  // The target first. Otherwise, no node would own the slot for a moment.
  for (const admin of [target, source]) await admin.call('CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
}
