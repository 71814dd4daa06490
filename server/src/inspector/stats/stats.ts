import type { ConnectionInfo } from '../../grpc/connections/connection-info';
import type { Readiness } from '../../http/readiness';
import { sampleBetween, inMs, ratePerSecond } from './history';
import type { History, Sample } from './history';
import type { ErrorCount } from './error-counts';
import { since } from './latencies';
import type { CacheCounts, Reading } from './reading';

/** What the page shows, and `GET /stats.json` returns. */
export interface Stats {
  readonly readiness: ReadinessReport;
  /** Over the last {@link presentSeconds}; `null` until there are two samples. */
  readonly present: Sample | null;
  readonly presentSeconds: number;
  readonly methods: readonly MethodStats[];
  readonly caches: readonly CacheStats[];
  /** The newest first. */
  readonly errors: readonly TimedError[];
  readonly connections: ConnectionStats;
  readonly history: HistoryStats;
}

export interface ReadinessReport {
  readonly ready: boolean;
  readonly parts: readonly PartReport[];
}

export interface PartReport {
  readonly name: string;
  readonly ready: boolean;
  /** `null` when it is ready. */
  readonly reason: string | null;
  /** In ISO 8601. */
  readonly since: string;
}

export interface MethodStats {
  readonly method: string;
  /** Since the start. */
  readonly total: number;
  readonly failed: number;
  readonly perSecond: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface CacheStats extends CacheCounts {
  readonly name: 'near cache' | 'client caches';
  /** In the present, from 0 to 1; `null` without reads. */
  readonly hitRate: number | null;
}

export interface TimedError extends Omit<ErrorCount, 'lastAt'> {
  /** In ISO 8601. */
  readonly last: string;
}

export interface ConnectionStats {
  readonly open: number;
  readonly pipelines: number;
  /** Clients with a cache that are sent changes. */
  readonly changeStreams: number;
  /** The oldest ones, at most {@link maxListed}. */
  readonly listed: readonly ConnectionInfo[];
}

export interface HistoryStats {
  readonly intervalSeconds: number;
  readonly maxSamples: number;
  readonly samples: readonly Sample[];
}

export interface StatsParts {
  readonly history: History;
  readonly intervalMs: number;
  readonly errors: readonly ErrorCount[];
  readonly readiness: Readiness;
  readonly connections: readonly ConnectionInfo[];
}

/** Maximum number of connections that are listed. */
export const maxListed = 100;

export function statsOf({ history, intervalMs, errors, readiness, connections }: StatsParts): Stats {
  const [earlier, later] = history.present ?? [];
  const present = earlier && later && earlier !== later ? sampleBetween(earlier, later) : null;
  return {
    readiness: readinessReport(readiness),
    present,
    presentSeconds: (history.limits.present * intervalMs) / 1000,
    methods: earlier && later ? methodStats(earlier, later) : [],
    caches: later === undefined ? [] : cacheStats(later, present),
    errors: errors.map(({ lastAt, ...error }) => ({ ...error, last: new Date(lastAt).toISOString() })),
    connections: {
      open: connections.length,
      pipelines: connections.reduce((total, { pipelines }) => total + pipelines, 0),
      changeStreams: later?.changeStreams ?? 0,
      listed: connections.slice(0, maxListed),
    },
    history: { intervalSeconds: intervalMs / 1000, maxSamples: history.limits.samples, samples: history.samples },
  };
}

export function readinessReport({ ready, parts }: Readiness): ReadinessReport {
  return {
    ready,
    parts: parts.map((part) => ({
      name: part.name,
      ready: part.ready,
      reason: part.reason ?? null,
      since: new Date(part.since).toISOString(),
    })),
  };
}

function methodStats(earlier: Reading, later: Reading): MethodStats[] {
  return Array.from(later.methods, ([method, { total, failed, latencies }]) => {
    const before = earlier.methods.get(method);
    const present = since(before?.latencies ?? new Map(), latencies);
    return {
      method,
      total,
      failed,
      perSecond: ratePerSecond(total - (before?.total ?? 0), earlier, later),
      p50Ms: inMs(present, 0.5),
      p99Ms: inMs(present, 0.99),
    };
  });
}

function cacheStats({ nearCache, clientCache }: Reading, present: Sample | null): CacheStats[] {
  return [
    { name: 'near cache', ...nearCache, hitRate: present?.nearCacheHitRate ?? null },
    { name: 'client caches', ...clientCache, hitRate: present?.clientCacheHitRate ?? null },
  ];
}
