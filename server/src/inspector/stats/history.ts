import { quantile, since, sum } from './latencies';
import type { Latencies } from './latencies';
import type { CacheCounts, MethodCounts, Reading } from './reading';

/** What happened between two readings. Rates and latencies are `null` where nothing happened. */
export interface Sample {
  /** The end, in ms since 1970. */
  readonly at: number;
  readonly callsPerSecond: number;
  readonly failedPerSecond: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly storeP50Ms: number | null;
  readonly storeP99Ms: number | null;
  /** From 0 to 1. */
  readonly nearCacheHitRate: number | null;
  readonly clientCacheHitRate: number | null;
  readonly callsInFlight: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  /** Of one processor; 0.5 is half of its time. */
  readonly cpu: number;
}

export interface HistoryLimits {
  /** Maximum number of samples. */
  readonly samples: number;
  /** How many of the last samples count as the present. */
  readonly present: number;
}

/** The last samples, and the readings that the present is computed from. */
export class History {
  readonly limits: HistoryLimits;
  readonly #samples: Sample[] = [];
  readonly #readings: Reading[] = [];

  constructor(limits: HistoryLimits) {
    this.limits = limits;
  }

  /** Oldest first. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** The last reading, and the one that the present starts with; `undefined`: no reading yet. */
  get present(): readonly [earlier: Reading, later: Reading] | undefined {
    const [earlier] = this.#readings;
    const later = this.#readings.at(-1);
    return earlier && later && [earlier, later];
  }

  add(reading: Reading): void {
    const before = this.#readings.at(-1);
    this.#readings.push(reading);
    if (this.#readings.length > this.limits.present + 1) this.#readings.shift();
    if (before === undefined) return;
    this.#samples.push(sampleBetween(before, reading));
    if (this.#samples.length > this.limits.samples) this.#samples.shift();
  }
}

export function sampleBetween(earlier: Reading, later: Reading): Sample {
  const perSecond = (count: number): number => ratePerSecond(count, earlier, later);
  const [before, after] = [totals(earlier), totals(later)];
  const calls = since(before.latencies, after.latencies);
  const store = since(earlier.storeLatencies, later.storeLatencies);
  return {
    at: later.at,
    callsPerSecond: perSecond(after.total - before.total),
    failedPerSecond: perSecond(after.failed - before.failed),
    p50Ms: inMs(calls, 0.5),
    p99Ms: inMs(calls, 0.99),
    storeP50Ms: inMs(store, 0.5),
    storeP99Ms: inMs(store, 0.99),
    nearCacheHitRate: hitRate(earlier.nearCache, later.nearCache),
    clientCacheHitRate: hitRate(earlier.clientCache, later.clientCache),
    callsInFlight: later.callsInFlight,
    rssBytes: later.rssBytes,
    heapBytes: later.heapBytes,
    cpu: perSecond(later.cpuMs - earlier.cpuMs) / 1000,
  };
}

/** 0 for two readings at the same moment. */
export function ratePerSecond(count: number, earlier: Reading, later: Reading): number {
  const seconds = (later.at - earlier.at) / 1000;
  return seconds > 0 ? count / seconds : 0;
}

export function inMs(latencies: Latencies, share: number): number | null {
  const seconds = quantile(latencies, share);
  return seconds === undefined ? null : seconds * 1000;
}

function totals({ methods }: Reading): MethodCounts {
  const all = [...methods.values()];
  return {
    total: all.reduce((total, method) => total + method.total, 0),
    failed: all.reduce((failed, method) => failed + method.failed, 0),
    latencies: sum(all.map(({ latencies }) => latencies)),
  };
}

function hitRate(earlier: CacheCounts, later: CacheCounts): number | null {
  const hits = later.hits - earlier.hits;
  const reads = hits + later.misses - earlier.misses;
  return reads > 0 ? hits / reads : null;
}
