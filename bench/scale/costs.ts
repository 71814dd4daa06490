import { setTimeout as delay } from 'node:timers/promises';
import { preciseCpuSecondsOf, residentBytesOf } from '../src/os-figures';
import { startLoad, startRedis, startSidecar, untilReady } from '../src/processes';
import type { RedisServer } from '../src/processes';
import { startStack } from '../src/stacks';
import { median } from '../src/statistics';
import type { RedisDeployment } from './cluster';
import type { CacheCosts, RequestCosts } from './model';

/** How much is measured. */
export interface Plan {
  readonly sessions: number;
  readonly milliseconds: number;
}

/** The share of web requests that write. */
export const writeShare = 0.1;

/** Measures the costs of requests through one sidecar, with sessions of about 300 bytes. */
export async function measureRequests(redis: RedisDeployment, plan: Plan): Promise<RequestCosts> {
  const { masters, isCluster } = redis;
  const clientsBefore = await Promise.all(masters.map((master) => figureOf(master, 'clients', 'connected_clients')));
  const emptyBytes = await sum(masters, storedBytesOf);
  const ports = masters.map(({ port }) => port);
  const sidecar = await startSidecar(isCluster ? { clusterPorts: ports } : { redisPort: ports[0] });
  await untilReady(sidecar);
  const load = startLoad();
  await load.request('start', { side: 'sidecar', target: { address: sidecar.address, redisPort: 0 } });
  await load.request('fill', { count: plan.sessions, size: '300b' });
  const storedBytes = await sum(masters, storedBytesOf);
  const round = { inFlight: 64, writeShare, milliseconds: plan.milliseconds };
  await load.request('round', round);

  const before = await use(redis, sidecar.pid);
  const { operations, cpuSeconds } = await load.request('round', round);
  const after = await use(redis, sidecar.pid);
  const perRequest = (name: keyof Use): number => (after[name] - before[name]) / operations;
  const clients = await Promise.all(masters.map((master) => figureOf(master, 'clients', 'connected_clients')));
  const sidecarMemoryBytes = residentBytesOf(sidecar.pid);
  await load.request('close', {});
  await sidecar.stop();
  return {
    appUs: (cpuSeconds / operations) * 1e6,
    sidecarUs: perRequest('sidecarUs'),
    redisUs: perRequest('redisUs'),
    replicaUs: perRequest('replicaUs'),
    redisBytes: perRequest('redisBytes'),
    replicationBytes: perRequest('replicationBytes'),
    sessionBytes: (storedBytes - emptyBytes) / plan.sessions,
    sidecarMemoryBytes,
    connections: Math.max(...clients.map((count, n) => count - clientsBefore[n]!)),
  };
}

/** Measures the costs and savings of sessions in the client's cache. */
export async function measureCache(plan: Plan): Promise<CacheCosts> {
  const round = { inFlight: 64, writeShare: 0, milliseconds: plan.milliseconds };
  const readUs = async (side: 'sidecar' | 'sidecar-cached'): Promise<number> => {
    const options = {
      side,
      size: '300b',
      sessions: plan.sessions,
      warmUpMs: plan.milliseconds,
      profile: false,
    } as const;
    const stack = await startStack(options);
    await stack.settle();
    const { operations, cpuSeconds } = await stack.run(round);
    await stack.stop();
    return ((cpuSeconds.app + cpuSeconds.server + cpuSeconds.redis) / operations) * 1e6;
  };
  const savedUs = (await readUs('sidecar')) - (await readUs('sidecar-cached'));
  return { savedUs, ...(await measureReports(plan)) };
}

/** Compares changes of sessions that a client has cached with the same changes of sessions that nothing has read. */
async function measureReports({ sessions }: Plan): Promise<Omit<CacheCosts, 'savedUs'>> {
  const redis = await startRedis();
  const sidecar = await startSidecar({ redisPort: redis.port });
  await untilReady(sidecar);
  const load = startLoad();
  await load.request('start', { side: 'sidecar-cached', target: { address: sidecar.address, redisPort: redis.port } });
  await load.request('fill', { count: sessions, size: '300b' });
  const keys = await redis.admin.keys('*');
  const pids = { redis: redis.pid, sidecar: sidecar.pid, app: load.pid };
  type Name = keyof typeof pids;

  const change = async (): Promise<Record<Name, number>> => {
    const cpu = () => ({
      redis: preciseCpuSecondsOf(pids.redis),
      sidecar: preciseCpuSecondsOf(pids.sidecar),
      app: preciseCpuSecondsOf(pids.app),
    });
    const before = cpu();
    const changes = redis.admin.pipeline();
    for (const key of keys) changes.pexpire(key, 3_600_000);
    await changes.exec();
    // Waits until the reports have been processed.
    await delay(500);
    const after = cpu();
    const us = (name: Name): number => ((after[name] - before[name]) / keys.length) * 1e6;
    return { redis: us('redis'), sidecar: us('sidecar'), app: us('app') };
  };
  const samples: Record<Name, number>[] = [];
  const trackedBytes: number[] = [];
  for (let n = 0; n < 5; n++) {
    await load.request('round', { inFlight: 64, writeShare: 0, milliseconds: 60_000, operations: 3 * sessions });
    const trackedKeys = await figureOf(redis, 'stats', 'tracking_total_keys');
    const before = await figureOf(redis, 'memory', 'used_memory');
    const tracked = await change();
    trackedBytes.push((before - (await figureOf(redis, 'memory', 'used_memory'))) / trackedKeys);
    const untracked = await change();
    const of = (name: Name): number => Math.max(0, tracked[name] - untracked[name]);
    samples.push({ redis: of('redis'), sidecar: of('sidecar'), app: of('app') });
  }
  await load.request('close', {});
  await sidecar.stop();
  await redis.stop();
  const medianOf = (name: Name): number => median(samples.map((sample) => sample[name]));
  return {
    reportUs: { redis: medianOf('redis'), sidecar: medianOf('sidecar'), app: medianOf('app') },
    trackedKeyBytes: median(trackedBytes),
  };
}

interface Use {
  readonly sidecarUs: number;
  readonly redisUs: number;
  readonly replicaUs: number;
  readonly redisBytes: number;
  readonly replicationBytes: number;
}

/** CPU time and traffic so far. */
async function use({ masters, replicas }: RedisDeployment, sidecarPid: number): Promise<Use> {
  const cpuUs = (pids: readonly number[]): number => pids.map(preciseCpuSecondsOf).reduce((a, b) => a + b, 0) * 1e6;
  const stat = (name: string) => sum(masters, (master) => figureOf(master, 'stats', name));
  const replicationBytes = (await stat('total_net_repl_input_bytes')) + (await stat('total_net_repl_output_bytes'));
  const allBytes = (await stat('total_net_input_bytes')) + (await stat('total_net_output_bytes'));
  return {
    sidecarUs: cpuUs([sidecarPid]),
    redisUs: cpuUs(masters.map(({ pid }) => pid)),
    replicaUs: cpuUs(replicas.map(({ pid }) => pid)),
    redisBytes: allBytes - replicationBytes,
    replicationBytes,
  };
}

/** The memory of a master, except for connections, replication and the Cluster bus. */
async function storedBytesOf(master: RedisServer): Promise<number> {
  const of = (name: string) => figureOf(master, 'memory', name);
  const others = ['mem_clients_normal', 'mem_total_replication_buffers', 'mem_cluster_links'];
  return (await of('used_memory')) - (await sum(others, of));
}

async function sum<T>(items: readonly T[], figure: (item: T) => Promise<number>): Promise<number> {
  const figures = await Promise.all(items.map(figure));
  return figures.reduce((a, b) => a + b, 0);
}

async function figureOf({ admin }: RedisServer, section: string, name: string): Promise<number> {
  const found = new RegExp(`^${name}:(\\d+)`, 'm').exec(await admin.info(section));
  if (found === null) throw new Error(`Redis does not report ${name}. Redis 7 or newer is required.`);
  return Number(found[1]);
}
