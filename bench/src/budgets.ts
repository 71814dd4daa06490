/** A bound of a row's ratio, or of our own figure in rows without a comparison. */
export type Limit = { readonly atLeast: number } | { readonly atMost: number };

export interface Budget {
  readonly budget: Limit;
  /** A goal beyond the budget. `null`: the budget is the goal. */
  readonly aim: Limit | null;
}

/** What the sidecar may cost, by the id of the row that measures it. bench/README.md compares them with the measurements. */
export const budgets: Readonly<Record<string, Budget>> = {
  'redis-trips-get': { budget: { atMost: 1 }, aim: { atMost: 1 } },
  'redis-trips-live': { budget: { atMost: 0 }, aim: { atMost: 0 } },
  'redis-trips-update': { budget: { atMost: 1 }, aim: { atMost: 1 } },
  'redis-writes-within-touch': { budget: { atMost: 0 }, aim: { atMost: 0 } },
  'cached-latency-1': { budget: { atMost: 0.1 }, aim: { atMost: 0.03 } },
  'latency-1': { budget: { atMost: 4 }, aim: { atMost: 2.5 } },
  'cached-mix90-300b-64': { budget: { atLeast: 1.5 }, aim: { atLeast: 2.5 } },
  'cached-mix90-300b-64-cpu': { budget: { atMost: 0.5 }, aim: { atMost: 0.25 } },
  'mix90-300b-64': { budget: { atLeast: 0.6 }, aim: { atLeast: 1 } },
  'cpu-app-mix90': { budget: { atMost: 0.8 }, aim: { atMost: 0.4 } },
  'cached-two-pods-mix90': { budget: { atLeast: 1 }, aim: { atLeast: 1.5 } },
  'cached-two-pods-mix90-cpu': { budget: { atMost: 0.7 }, aim: { atMost: 0.4 } },
  'express-cached-300b-64': { budget: { atLeast: 1 }, aim: { atLeast: 1.2 } },
  'express-cached-300b-64-cpu': { budget: { atMost: 0.9 }, aim: { atMost: 0.7 } },
  'cached-mix50-300b-64': { budget: { atLeast: 0.7 }, aim: { atLeast: 1 } },
  'read-300b-64': { budget: { atLeast: 0.6 }, aim: { atLeast: 1 } },
  'size-16kb-rate': { budget: { atLeast: 0.8 }, aim: { atLeast: 1.5 } },
  'size-16kb-p99': { budget: { atMost: 5 }, aim: { atMost: 2 } },
  'size-64kb-rate': { budget: { atLeast: 0.8 }, aim: { atLeast: 1.5 } },
  'size-64kb-p99': { budget: { atMost: 5 }, aim: { atMost: 2 } },
  'go-scs-idle-1': { budget: { atLeast: 0.3 }, aim: null },
  'go-scs-idle-8': { budget: { atLeast: 0.9 }, aim: null },
  'go-scs-idle-64': { budget: { atLeast: 1.5 }, aim: null },
  'python-pyramid-1': { budget: { atLeast: 0.45 }, aim: null },
  'python-pyramid-8': { budget: { atLeast: 1 }, aim: null },
  'server-capacity': { budget: { atLeast: 0.75 }, aim: { atLeast: 0.9 } },
  'bytes-per-session': { budget: { atMost: 1.15 }, aim: { atMost: 1 } },
  'memory-idle': { budget: { atMost: 80 }, aim: { atMost: 65 } },
  'memory-after-1m': { budget: { atMost: 130 }, aim: { atMost: 110 } },
  'memory-flat': { budget: { atMost: 1.05 }, aim: null },
  'handles-leaked': { budget: { atMost: 0 }, aim: { atMost: 0 } },
  'cached-memory-flat': { budget: { atMost: 1.05 }, aim: null },
  'cached-handles-leaked': { budget: { atMost: 0 }, aim: { atMost: 0 } },
  'cached-staleness-longest': { budget: { atMost: 50 }, aim: { atMost: 20 } },
  'cached-staleness-silent': { budget: { atMost: 1000 }, aim: { atMost: 600 } },
  'near-staleness-longest': { budget: { atMost: 50 }, aim: { atMost: 20 } },
  'start-up': { budget: { atMost: 3 }, aim: { atMost: 2 } },
};

/**
 * The budgets of a sidecar under attack.
 *
 * @param memoryMb the memory limit of its container in MiB: `resources.limits.memory` of the manifest
 */
export function attackBudgets(memoryMb: number) {
  return {
    peakMemoryMb: { budget: { atMost: memoryMb }, aim: null },
    /** The latency of a well-behaved client during the attack. */
    p99Ms: { budget: { atMost: 50 }, aim: null },
    logKbPerSecond: { budget: { atMost: 10 }, aim: null },
  } as const satisfies Record<string, Budget>;
}

export function holds(limit: Limit, value: number): boolean {
  return 'atLeast' in limit ? value >= limit.atLeast : value <= limit.atMost;
}
