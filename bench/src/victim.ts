import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { AttackTarget } from './attacks/attack';
import { peakResidentBytesOf, residentBytesOf } from './os-figures';
import { startLoad, startRedis, startSidecar, untilReady } from './processes';
import type { SidecarProcess } from './processes';
import type { SteadyOutcome } from './steady-load';

export interface VictimOptions {
  readonly store: 'memory' | 'redis';
  /** Whether the well-behaved client uses another sidecar on the same Redis. Default: it uses the attacked one. */
  readonly clientIsElsewhere?: boolean | undefined;
  /** The maximum number of open files and sockets of the sidecar. Default: that of this process. */
  readonly openFiles?: number | undefined;
}

/** A sidecar to attack, and a well-behaved client of it or of its neighbour. */
export interface Victim {
  readonly sidecar: SidecarProcess;
  readonly target: AttackTarget;
  /** Runs the client, and probes /livez as the kubelet does. */
  watch(milliseconds: number): Promise<Observation>;
  /** Waits for the sidecar to answer `/livez`. Returns how long that took, in ms, or `undefined` if it does not recover. */
  untilAlive(): Promise<number | undefined>;
  stop(): Promise<void>;
}

export interface Observation {
  readonly client: SteadyOutcome;
  /** The number of probes of `/livez` without an answer of 200 in time. */
  readonly failedProbes: number;
  readonly probes: number;
  readonly logBytesPerSecond: number;
}

const sessionCount = 200;
const requests = { perSecond: 200, writeShare: 0.3 };
const maxTries = 20;
const retryMs = 200;
const sampleMs = 50;
/** How long a sidecar may take to answer again. */
const recoveryMs = 30_000;
const probeMs = 1000;
/** `timeoutSeconds` of the probes in the manifest. */
const probeTimeoutMs = 5000;

export async function startVictim({ store, clientIsElsewhere, openFiles }: VictimOptions): Promise<Victim> {
  const redis = store === 'redis' ? await startRedis() : undefined;
  const redisPort = redis?.port;
  const sidecar = await startSidecar({ redisPort, isAttacked: true, openFiles });
  const neighbour = clientIsElsewhere ? await startSidecar({ redisPort, isAttacked: true }) : undefined;
  const sidecars = neighbour === undefined ? [sidecar] : [sidecar, neighbour];
  await Promise.all(sidecars.map(untilReady));
  const { address } = neighbour ?? sidecar;
  const load = startLoad();
  await load.request('start', { side: 'well-behaved', target: { address, redisPort: redisPort ?? 0 } });
  await withRetries(() => load.request('fill', { count: sessionCount, size: '300b' }));

  return {
    sidecar,
    target: { address: sidecar.address, httpUrl: sidecar.httpUrl, redisPort },
    async watch(milliseconds) {
      const loggedBefore = sidecar.loggedBytes;
      const [client, probes] = await Promise.all([
        load.request('steady', { ...requests, milliseconds }),
        probeFor(milliseconds, sidecar),
      ]);
      const logBytesPerSecond = (sidecar.loggedBytes - loggedBefore) / (milliseconds / 1000);
      return { client, ...probes, logBytesPerSecond };
    },
    async untilAlive() {
      const began = performance.now();
      while (sidecar.ending === undefined && performance.now() < began + recoveryMs) {
        if (await isAlive(sidecar.httpUrl)) return performance.now() - began;
        await delay(sampleMs);
      }
      return undefined;
    },
    async stop() {
      await load.request('close', {});
      for (const each of sidecars) await each.kill();
      await redis?.stop();
    },
  };
}

/** Retries the preparation of an attack, which must succeed. With default timeouts, calls can fail on a busy machine. */
export async function withRetries(work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await work();
      return;
    } catch (error) {
      if (tries === maxTries) throw error;
      await delay(retryMs);
    }
  }
}

/** Resident memory in bytes; `undefined` if the process has ended. */
export function residentBytes({ pid, ending }: SidecarProcess): number | undefined {
  // A process that is ending is still listed, but has no memory.
  return ending === undefined ? residentBytesOf(pid) || undefined : undefined;
}

/**
 * Watches resident memory. `stop` returns its peak since the start of the sidecar, in bytes. Samples often, because the figures
 * disappear with the process.
 */
export function watchMemory(sidecar: SidecarProcess): { stop(): number } {
  let peak = 0;
  const sample = (): void => {
    try {
      peak = Math.max(peak, peakResidentBytesOf(sidecar.pid) || 0);
    } catch {
      // The process has ended.
    }
  };
  const timer = setInterval(sample, sampleMs);
  return {
    stop() {
      clearInterval(timer);
      sample();
      return peak;
    },
  };
}

async function probeFor(
  milliseconds: number,
  { httpUrl }: SidecarProcess,
): Promise<{ probes: number; failedProbes: number }> {
  const end = performance.now() + milliseconds;
  const outcomes: Promise<boolean>[] = [];
  while (performance.now() < end) {
    outcomes.push(isAlive(httpUrl));
    await delay(probeMs);
  }
  const alive = await Promise.all(outcomes);
  return { probes: alive.length, failedProbes: alive.filter((isOk) => !isOk).length };
}

/** Probes over a new connection, as the kubelet does. */
function isAlive(httpUrl: string): Promise<boolean> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(probeTimeoutMs);
    const probe = get(`${httpUrl}/livez`, { agent: false, signal }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    probe.on('error', () => resolve(false));
  });
}
