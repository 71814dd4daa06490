/** A bound of a row's ratio or, in rows that compare with nobody, of our own figure. */
export type Limit = { readonly atLeast: number } | { readonly atMost: number };

export interface Budget {
  readonly budget: Limit;
  /** What is aimed at beyond the budget. */
  readonly aim: Limit | null;
}

/** What the sidecar may cost, by the id of the row that measures it. bench/README.md shows them beside what was measured. */
export const budgets: Readonly<Record<string, Budget>> = {
  'redis-trips-get': { budget: { atMost: 1 }, aim: { atMost: 1 } },
  'redis-trips-update': { budget: { atMost: 1 }, aim: { atMost: 1 } },
  'redis-writes-within-touch': { budget: { atMost: 0 }, aim: { atMost: 0 } },
  'unary-300b-64': { budget: { atLeast: 6 }, aim: { atLeast: 10 } },
  'read-300b-64': { budget: { atLeast: 0.6 }, aim: { atLeast: 1 } },
  'mix90-300b-64': { budget: { atLeast: 0.8 }, aim: { atLeast: 1.2 } },
  'cpu-app-mix90': { budget: { atMost: 0.6 }, aim: { atMost: 0.4 } },
  'latency-1': { budget: { atMost: 2.5 }, aim: { atMost: 1.5 } },
  'server-capacity': { budget: { atLeast: 0.85 }, aim: { atLeast: 0.95 } },
  'bytes-per-session': { budget: { atMost: 1.3 }, aim: { atMost: 1 } },
  'size-16kb-rate': { budget: { atLeast: 0.8 }, aim: { atLeast: 1.5 } },
  'size-16kb-p99': { budget: { atMost: 5 }, aim: { atMost: 2 } },
  'size-64kb-rate': { budget: { atLeast: 0.8 }, aim: { atLeast: 1.5 } },
  'size-64kb-p99': { budget: { atMost: 5 }, aim: { atMost: 2 } },
  'memory-idle': { budget: { atMost: 80 }, aim: null },
  'memory-after-1m': { budget: { atMost: 120 }, aim: null },
  'memory-flat': { budget: { atMost: 1.05 }, aim: null },
  'handles-leaked': { budget: { atMost: 0 }, aim: { atMost: 0 } },
  'start-up': { budget: { atMost: 5 }, aim: { atMost: 3 } },
};

/**
 * What the sidecar keeps to while it is attacked.
 *
 * @param memoryMb what its container may take: `resources.limits.memory` of the manifest, in MiB
 */
export function attackBudgets(memoryMb: number) {
  return {
    peakMemoryMb: { budget: { atMost: memoryMb }, aim: null },
    /** Of a client that asks for little meanwhile. */
    p99Ms: { budget: { atMost: 50 }, aim: null },
    logKbPerSecond: { budget: { atMost: 10 }, aim: null },
  } as const satisfies Record<string, Budget>;
}

export function holds(limit: Limit, value: number): boolean {
  return 'atLeast' in limit ? value >= limit.atLeast : value <= limit.atMost;
}
