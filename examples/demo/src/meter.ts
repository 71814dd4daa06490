import { difference } from './counts';
import type { Counts } from './counts';
import { createCommandCounter } from './redis-commands';
import type { CommandCounts } from './redis-commands';

export interface Cost {
  readonly rpcs: Counts;
  /** `undefined`: the sidecar keeps sessions in its memory. */
  readonly redis: CommandCounts | undefined;
}

/** Counts what the sidecar and Redis do. It cannot distinguish requests that run at the same time. */
export interface Meter {
  /** Starts to count. Resolves to a function that returns what was counted since; `undefined`: nothing could be counted. */
  start(): Promise<() => Promise<Cost | undefined>>;
  close(): void;
}

export interface MeterOptions {
  /** The sidecar's `/metrics`. */
  readonly metricsUrl: string;
  /** `undefined`: the sidecar keeps sessions in its memory. */
  readonly redisUrl: string | undefined;
}

/** @throws Error if Redis cannot be reached, or does not allow MONITOR */
export async function createMeter({ metricsUrl, redisUrl }: MeterOptions): Promise<Meter> {
  const commands = redisUrl === undefined ? undefined : await createCommandCounter(redisUrl);

  const count = async (): Promise<Cost> => {
    const [metrics, redis] = await Promise.all([
      fetch(metricsUrl).then((response) => response.text()),
      commands?.count(),
    ]);
    return { rpcs: rpcsIn(metrics), redis };
  };

  // The shop is open even if the sidecar is down.
  const read = () => count().catch(() => undefined);

  /** A request that follows another must not be counted with it. */
  const ending = new Set<Promise<unknown>>();
  return {
    start: async () => {
      await Promise.all(ending);
      const before = await read();
      return () => {
        const cost = read().then((after) => before && after && costBetween(before, after));
        ending.add(cost);
        void cost.then(() => ending.delete(cost));
        return cost;
      };
    },
    close: () => commands?.close(),
  };
}

function rpcsIn(metrics: string): Counts {
  const counts: Record<string, number> = {};
  for (const [, method = '', count] of metrics.matchAll(
    /^session_sidecar_rpcs_total\{.*?method="(\w+)".*?\} (\d+)$/gm,
  )) {
    counts[method] = (counts[method] ?? 0) + Number(count);
  }
  return counts;
}

function costBetween(before: Cost, after: Cost): Cost {
  return {
    rpcs: difference(after.rpcs, before.rpcs),
    redis: before.redis &&
      after.redis && {
        sent: difference(after.redis.sent, before.redis.sent),
        inScripts: difference(after.redis.inScripts, before.redis.inScripts),
      },
  };
}
