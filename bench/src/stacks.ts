import { startApp } from './app-process';
import { processTimeoutMs } from './children';
import type { Opened, Round, RoundOutcome } from './closed-loop';
import { cpuSecondsOf } from './os-figures';
import type { LoadMemory } from './load-protocol';
import { startLoad } from './processes';
import type { GrpcServerProcess, LoadProcess, RedisServer } from './processes';
import { serversOf, startGrpcServers, startRedisFor } from './servers';
import type { Size } from './shop';
import type { SideName } from './sides/side';
import type { Target } from './target';

/** The outcome of one side's round, and its CPU time by process. */
export interface StackRound extends Omit<RoundOutcome, 'cpuSeconds'> {
  readonly cpuSeconds: {
    /** The applications with their session libraries, including the load loop unless the load comes over HTTP. */
    readonly app: number;
    /** The sidecars, or the server in their place; 0 without one. */
    readonly server: number;
    readonly redis: number;
  };
}

/** A side with its own servers, filled with sessions. */
export interface Stack {
  readonly redis: RedisServer | undefined;
  /** The gRPC server of the first pod. */
  readonly server: GrpcServerProcess | undefined;
  /** Process ids of the applications. */
  readonly appPids: readonly number[];
  /** The growth of Redis's memory by the sessions, in bytes; 0 without Redis. */
  readonly storedBytes: number;
  run(round: Round): Promise<StackRound>;
  /**
   * Uses each session twice, because the first use after a minute costs more than the others: the sidecar records it. Without this, a
   * short case with few requests in flight would measure nothing else.
   */
  settle(): Promise<void>;
  /** The memory of the first load process. */
  memory(): Promise<LoadMemory>;
  stop(): Promise<void>;
}

export interface StackOptions {
  readonly side: SideName;
  readonly size: Size;
  readonly sessions: number;
  /** How long to warm up. 0 means no warm-up. */
  readonly warmUpMs: number;
  /** Whether to write CPU profiles of the sidecar and of the load processes. */
  readonly profile: boolean;
}

/** Between the first operations of two load processes, so that they do not use the same session at the same time. */
const operationsApart = 100_003;

export async function startStack({ side, size, sessions, warmUpMs, profile }: StackOptions): Promise<Stack> {
  const wanted = serversOf[side];
  const { redis, servers, app, loads } = await startProcesses(side, size, profile);
  const each = <T>(work: (load: LoadProcess) => Promise<T>): Promise<T[]> => Promise.all(loads.map(work));
  const [first, ...others] = loads as [LoadProcess, ...LoadProcess[]];
  const sharesSessions = wanted.pods !== undefined;
  const fillers = sharesSessions ? [first] : loads;
  const fill = (count: number) => Promise.all(fillers.map((load) => load.request('fill', { count, size })));

  // A few sessions first, so that what Redis allocates once, for example for scripts, does not count.
  await fill(10);
  const before = await usedMemory(redis);
  await fill(Math.ceil(sessions / fillers.length));
  const storedBytes = (await usedMemory(redis)) - before;
  if (sharesSessions) {
    const ids = await first.request('ids', {});
    for (const [n, load] of others.entries()) {
      await load.request('adopt', { ids, firstOperation: (n + 1) * operationsApart });
    }
  }

  const usual = { inFlight: 64, writeShare: wanted.writes ? 0.1 : 0 };
  const stack: Stack = {
    redis,
    server: servers[0],
    appPids: (app === undefined ? loads : [app]).map(({ pid }) => pid),
    storedBytes,
    async run(round) {
      const cpu = () => ({ app: app?.cpuSeconds() ?? 0, server: cpuOf(servers), redis: cpuOf([redis]) });
      const cpuBefore = cpu();
      const outcomes = await each((load) =>
        load.request('round', { ...round, inFlight: Math.ceil(round.inFlight / loads.length) }),
      );
      const cpuAfter = cpu();
      const used = (process: keyof typeof cpuBefore): number => cpuAfter[process] - cpuBefore[process];
      const { cpuSeconds: ofLoads, ...outcome } = combine(outcomes);
      const ofApp = app === undefined ? ofLoads : used('app');
      return { ...outcome, cpuSeconds: { app: ofApp, server: used('server'), redis: used('redis') } };
    },
    async settle() {
      await stack.run({ ...usual, milliseconds: processTimeoutMs / 2, operations: 2 * sessions });
    },
    memory: () => first.request('memory', {}),
    async stop() {
      await each((load) => load.request('close', {}));
      await app?.stop();
      for (const server of servers) await server.stop();
      await redis?.stop();
    },
  };
  await stack.run({ ...usual, milliseconds: warmUpMs });
  return stack;
}

/** Starts and connects all processes of a side, without sessions. */
async function startProcesses(side: SideName, size: Size, profile: boolean) {
  const wanted = serversOf[side];
  const { app: wantedApp, pods = 1, loadsPerPod, language } = wanted;
  const profileOf = (process: string) => (profile ? `${side}-${size}-${process}` : undefined);
  const redis = await startRedisFor(wanted);
  const servers = await startGrpcServers(wanted, { redis, size, profile: profileOf('server') });
  const targetOf = (pod: number): Target => ({ redisPort: redis?.port ?? 0, address: servers[pod]?.address ?? '' });
  const app = wantedApp && (await startApp(wantedApp, targetOf(0), profileOf('app')));
  const loads = Array.from({ length: pods * loadsPerPod }, (_, n) => startLoad(profileOf(`load-${n}`), language));
  await Promise.all(
    loads.map((load, n) => {
      const target = { ...targetOf(Math.floor(n / loadsPerPod)), ...(app !== undefined && { httpUrl: app.url }) };
      return load.request('start', { side, target });
    }),
  );
  return { redis, servers, app, loads };
}

function cpuOf(processes: readonly ({ readonly pid: number } | undefined)[]): number {
  return processes.reduce((sum, process) => sum + (process === undefined ? 0 : cpuSecondsOf(process.pid)), 0);
}

async function usedMemory(redis: RedisServer | undefined): Promise<number> {
  if (redis === undefined) return 0;
  const info = await redis.admin.info('memory');
  const figure = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]);
  // Without client buffers, whose size depends on the last commands.
  return figure('used_memory') - figure('mem_clients_normal');
}

/** Combines the outcomes of several load processes. Percentiles cannot be combined, so the slowest process stands for all. */
function combine(outcomes: readonly RoundOutcome[]): RoundOutcome {
  const sum = (pick: (outcome: RoundOutcome) => number) => outcomes.map(pick).reduce((a, b) => a + b, 0);
  const highest = (pick: (outcome: RoundOutcome) => number) => Math.max(...outcomes.map(pick));
  const firstFailure = outcomes.find((outcome) => outcome.firstFailure !== undefined)?.firstFailure;
  const opened = outcomes.flatMap((outcome) => (outcome.opened === undefined ? [] : [outcome.opened]));
  return {
    operations: sum(({ operations }) => operations),
    failed: sum(({ failed }) => failed),
    ...(firstFailure !== undefined && { firstFailure }),
    seconds: highest(({ seconds }) => seconds),
    cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds),
    latencyUs: {
      p50: highest(({ latencyUs }) => latencyUs.p50),
      p90: highest(({ latencyUs }) => latencyUs.p90),
      p99: highest(({ latencyUs }) => latencyUs.p99),
    },
    ...(opened.length > 0 && { opened: addOpened(opened) }),
  };
}

export function addOpened(all: readonly Opened[]): Opened {
  const sum = (name: keyof Opened) => all.reduce((total, one) => total + one[name], 0);
  return { live: sum('live'), validated: sum('validated'), missed: sum('missed') };
}
