import type { Registry } from 'prom-client';
import type { Latencies } from './latencies';

/** What has been counted since the start, at one moment. */
export interface Reading {
  /** In ms since 1970. */
  readonly at: number;
  readonly methods: ReadonlyMap<string, MethodCounts>;
  readonly storeLatencies: Latencies;
  readonly nearCache: CacheCounts;
  readonly clientCache: CacheCounts;
  readonly changeStreams: number;
  /** Refused calls and closed connections, by limit. */
  readonly refusals: ReadonlyMap<string, number>;
  /** Failed commands of the store, by command and reason. */
  readonly storeErrors: ReadonlyMap<string, number>;
  readonly callsInFlight: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly cpuMs: number;
}

export interface MethodCounts {
  readonly total: number;
  /** Those with another status than OK. */
  readonly failed: number;
  readonly latencies: Latencies;
}

export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
}

interface Series {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

/** Reads the metrics that /metrics prints, so that both always agree. */
export async function readMetrics(registry: Registry, at: number): Promise<Reading> {
  const read = async (name: string): Promise<readonly Series[]> => {
    const metric = registry.getSingleMetric(`session_sidecar_${name}`);
    return metric === undefined ? [] : ((await metric.get()).values as readonly Series[]);
  };
  const nearCacheReads = await read('near_cache_reads_total');
  const clientCacheReads = await read('client_cache_reads_total');
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    at,
    methods: methodsIn(await read('rpcs_total'), await read('rpc_duration_seconds')),
    storeLatencies: latenciesIn(await read('store_command_duration_seconds')),
    nearCache: { hits: totalOf(nearCacheReads, 'hit'), misses: totalOf(nearCacheReads, 'miss') },
    clientCache: { hits: totalOf(clientCacheReads, 'validated'), misses: totalOf(clientCacheReads, 'missed') },
    changeStreams: totalOf(await read('client_cache_streams')),
    refusals: byLabels(await read('refusals_total'), 'limit'),
    storeErrors: byLabels(await read('store_errors_total'), 'command', 'reason'),
    callsInFlight: totalOf(await read('rpcs_in_flight')),
    rssBytes: rss,
    heapBytes: heapUsed,
    cpuMs: (user + system) / 1000,
  };
}

function methodsIn(calls: readonly Series[], durations: readonly Series[]): ReadonlyMap<string, MethodCounts> {
  const methods = new Set(calls.map(({ labels }) => String(labels['method'])));
  return new Map(
    Array.from(methods, (method) => {
      const isOf = ({ labels }: Series): boolean => labels['method'] === method;
      const own = calls.filter(isOf);
      const total = totalOf(own);
      const ok = totalOf(own.filter(({ labels }) => labels['status'] === 'OK'));
      return [method, { total, failed: total - ok, latencies: latenciesIn(durations.filter(isOf)) }];
    }),
  );
}

/** @param result counts only the series with this value of the label `result` */
function totalOf(series: readonly Series[], result?: string): number {
  const counted = result === undefined ? series : series.filter(({ labels }) => labels['result'] === result);
  return counted.reduce((total, { value }) => total + value, 0);
}

function latenciesIn(series: readonly Series[]): Latencies {
  const latencies = new Map<number, number>();
  for (const { labels, value, metricName } of series) {
    if (metricName?.endsWith('_bucket') !== true) continue;
    const bound = labels['le'] === '+Inf' ? Infinity : Number(labels['le']);
    latencies.set(bound, (latencies.get(bound) ?? 0) + value);
  }
  return latencies;
}

function byLabels(series: readonly Series[], ...names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(series.map(({ labels, value }) => [names.map((name) => labels[name]).join(' '), value]));
}
