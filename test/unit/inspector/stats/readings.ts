import type { Reading } from '../../../../server/src/inspector/stats/reading';

/** A reading of an idle sidecar, except for what is given. */
export function reading(given: Partial<Reading> = {}): Reading {
  return {
    at: 0,
    methods: new Map(),
    storeLatencies: new Map(),
    nearCache: { hits: 0, misses: 0 },
    clientCache: { hits: 0, misses: 0 },
    changeStreams: 0,
    refusals: new Map(),
    storeErrors: new Map(),
    callsInFlight: 0,
    rssBytes: 1,
    heapBytes: 1,
    cpuMs: 0,
    ...given,
  };
}
