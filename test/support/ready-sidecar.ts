import { untilReady } from './process';
import { startSidecar } from './sidecar';
import type { Sidecar, SidecarOptions } from './sidecar';

/** A machine that is busy with other tests must not look like a hung Redis. */
const patience = { SESSION_SIDECAR_REDIS_COMMAND_TIMEOUT: '20s', SESSION_SIDECAR_REDIS_MAX_SILENCE: '20s' };

/** Starts a sidecar, and waits until its store is ready. */
export async function startReadySidecar(options: SidecarOptions = {}): Promise<Sidecar> {
  const env = options.redisUrl === undefined ? options.env : { ...patience, ...options.env };
  const sidecar = await startSidecar({ ...options, env });
  await untilReady(sidecar);
  return sidecar;
}

/** The value of one metric. @param name a regular expression for the name with its labels, if it has any */
export async function metricOf({ httpUrl }: Pick<Sidecar, 'httpUrl'>, name: string): Promise<number> {
  const metrics = await (await fetch(`${httpUrl}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(metrics)?.[1]);
}

/** The number of reads that the near cache answered. */
export function nearCacheHitsOf(sidecar: Sidecar): Promise<number> {
  return metricOf(sidecar, 'session_sidecar_near_cache_reads_total\\{result="hit"\\}');
}
