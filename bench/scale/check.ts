import { startStack } from '../src/stacks';
import type { Plan } from './costs';
import { defaultSizing, liveShare } from './model';
import type { RequestCosts } from './model';

/** A prediction of the model, and the measurement it is compared with. */
export interface Check {
  readonly what: string;
  readonly unit: string;
  readonly predicted: number;
  readonly measured: number;
}

/** Predicts the costs on a Cluster of three masters with replicas from the costs on one Redis. */
export function checkCluster(onOne: RequestCosts, onCluster: RequestCosts): readonly Check[] {
  const check = (what: string, unit: string, name: keyof RequestCosts): Check => ({
    ...{ what, unit },
    predicted: onOne[name],
    measured: onCluster[name],
  });
  return [
    check('CPU time of all masters per request', 'µs', 'redisUs'),
    check('CPU time of all replicas per request', 'µs', 'replicaUs'),
    check('CPU time of the sidecar per request', 'µs', 'sidecarUs'),
    check('traffic of masters with sidecars per request', 'bytes', 'redisBytes'),
    check('traffic of masters with replicas per request', 'bytes', 'replicationBytes'),
    check('memory of masters per session', 'bytes', 'sessionBytes'),
    check('connections of a sidecar to each master', '', 'connections'),
  ];
}

/** The live share of two apps with a sidecar each. */
export async function checkLiveShare(plan: Plan): Promise<readonly Check[]> {
  const { sessions, milliseconds } = plan;
  const stack = await startStack({
    side: 'two-pods-cached',
    size: '300b',
    sessions,
    warmUpMs: milliseconds,
    profile: false,
  });
  await stack.settle();
  const checks: Check[] = [];
  for (const writeShare of [0.02, 0.1, 0.5]) {
    const round = { inFlight: 64, writeShare, milliseconds };
    await stack.run(round);
    const { opened, operations, seconds } = await stack.run(round);
    if (opened === undefined) throw new Error('The clients have no cache.');
    const { live, validated, missed } = opened;
    const secondsBetweenRequests = (sessions * seconds) / operations;
    const demand = { sessions, activeShare: 1, secondsBetweenRequests, writeShare };
    checks.push({
      what: `live share of two pods, ${writeShare * 100} % writes`,
      unit: '',
      predicted: liveShare(2, 'any pod', demand, defaultSizing),
      measured: live / (live + validated + missed),
    });
  }
  await stack.stop();
  return checks;
}
