import type { Cluster, Redis } from 'ioredis';
import { parseInfo } from '../server-info';
import { ok, problem, unknown, warning } from '../finding';
import type { Finding } from '../finding';

const slotCount = 16_384;

/** A range of slots, with the master first (https://redis.io/docs/latest/commands/cluster-slots/). */
type SlotRange = readonly [from: number, to: number, ...nodes: (readonly [host: string, port: number, ...unknown[]])[]];

export async function checkCluster(cluster: Cluster): Promise<Finding[]> {
  try {
    // Servers may see the Cluster differently.
    const states = await Promise.all(cluster.nodes('master').map(stateAt));
    const slots = await cluster.cluster('SLOTS');
    const state = states.find(({ status }) => status !== 'ok') ?? states[0];
    return [...(state === undefined ? [] : [state]), checkClusterReplicas(slots)];
  } catch {
    return [
      unknown('Cluster', 'no node answers CLUSTER INFO', 'Give the user +cluster|info +cluster|slots on every node.'),
    ];
  }
}

async function stateAt(server: Redis): Promise<Finding> {
  // ioredis connects to a server when it is first used, and rejects that command.
  if (server.status === 'wait') await server.connect();
  return checkState(await server.cluster('INFO'));
}

/** @param text of CLUSTER INFO */
export function checkState(text: string): Finding {
  const check = 'Cluster';
  const info = parseInfo(text);
  const [assigned, failing] = ['cluster_slots_assigned', 'cluster_slots_fail'].map((name) =>
    Number(info.get(name) ?? 0),
  );
  const masters = info.get('cluster_size') ?? '?';
  if (info.get('cluster_state') === 'ok' && assigned === slotCount)
    return ok(check, `${masters} masters hold all slots`);
  return problem(
    check,
    `state ${info.get('cluster_state') ?? 'unknown'}: ${assigned} of ${slotCount} slots are assigned, ${failing} fail`,
    'Sessions in the other slots cannot be used. Look at redis-cli --cluster check, and start the missing nodes.',
  );
}

export function checkClusterReplicas(ranges: readonly SlotRange[]): Finding {
  const check = 'replicas';
  const alone = new Set(
    ranges.flatMap(([, , master, ...replicas]) => (replicas.length === 0 ? [master?.[1] ?? 0] : [])),
  );
  if (alone.size === 0) return ok(check, 'every master has one');
  return warning(
    check,
    `${alone.size} ${alone.size === 1 ? 'master has' : 'masters have'} none`,
    'When such a master is lost, its sessions cannot be used until it is back. Add replicas.',
  );
}
