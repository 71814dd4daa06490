import type { Sample } from './prometheus-text';

/** What a sidecar has done since it started, or within an interval. */
export interface Summary {
  readonly version: string;
  readonly store: string;
  readonly ready: boolean;
  readonly uptimeSeconds: number;
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
  readonly inFlight: number;
  readonly calls: readonly Calls[];
  readonly storeCommands: readonly Calls[];
  /** By what happened to sessions. */
  readonly sessions: Readonly<Record<string, number>>;
  /** Reads by the cache that answered; `null`: none has been asked. */
  readonly hitRatios: Readonly<Record<'nearCache' | 'clientCaches', number | null>>;
  /** By the limit that was reached; only those that were. */
  readonly refusals: Readonly<Record<string, number>>;
}

/** Calls of one method, or commands of one kind. Times are estimated from the buckets of a histogram; `null`: no call. */
export interface Calls {
  readonly name: string;
  readonly count: number;
  readonly failed: number;
  readonly meanMs: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

const prefix = 'session_sidecar_';
const startTime = 'process_start_time_seconds';
const cpuTime = 'process_cpu_seconds_total';

/** @param now in seconds since 1970 */
export function summarize(samples: readonly Sample[], now: number): Summary {
  const page = new Page(samples);
  const info = page.labelsOf('build_info');
  return {
    version: info['version'] ?? '',
    store: info['store'] ?? '',
    ready: page.sum(`${prefix}store_ready`) === 1,
    uptimeSeconds: Math.max(0, Math.round(now - page.sum(startTime))),
    memoryBytes: page.sum('process_resident_memory_bytes'),
    cpuSeconds: page.sum(cpuTime),
    inFlight: page.sum(`${prefix}rpcs_in_flight`),
    calls: page.callsOf('rpc_duration_seconds', 'method', (method) => {
      const of = { method };
      return page.sum(`${prefix}rpcs_total`, of) - page.sum(`${prefix}rpcs_total`, { ...of, status: 'OK' });
    }),
    storeCommands: page.callsOf('store_command_duration_seconds', 'command', (command) =>
      page.sum(`${prefix}store_errors_total`, { command }),
    ),
    sessions: {
      created: page.sum(`${prefix}sessions_created_total`),
      found: page.sum(`${prefix}sessions_loaded_total`, { result: 'found' }),
      notFound: page.sum(`${prefix}sessions_loaded_total`, { result: 'not_found' }),
      updated: page.sum(`${prefix}sessions_updated_total`),
      regenerated: page.sum(`${prefix}sessions_regenerated_total`),
      invalidated: page.sum(`${prefix}sessions_invalidated_total`),
    },
    hitRatios: {
      nearCache: page.ratio('near_cache_reads_total', 'hit'),
      clientCaches: page.ratio('client_cache_reads_total', 'validated'),
    },
    refusals: Object.fromEntries(
      ['refusals_total', 'http_refusals_total'].flatMap((name) =>
        page
          .samplesOf(prefix + name)
          .flatMap(({ labels: { limit = '' }, value }) => (value > 0 ? [[limit, value]] : [])),
      ),
    ),
  };
}

/** Whether two readings are from one process, and not from before and after a restart, which sets counters to zero. */
export function areOfOneProcess(before: readonly Sample[], after: readonly Sample[]): boolean {
  const [earlier, later] = [new Page(before), new Page(after)];
  // The time is in whole seconds, and a process that has just started has used less CPU time.
  return earlier.sum(startTime) === later.sum(startTime) && earlier.sum(cpuTime) <= later.sum(cpuTime);
}

/** What one process has counted between two readings. Gauges are those of the later one. */
export function difference(before: readonly Sample[], after: readonly Sample[]): Sample[] {
  const earlier = new Map(before.map((sample) => [keyOf(sample), sample.value]));
  return after.map((sample) =>
    isCounted(sample.name) ? { ...sample, value: sample.value - (earlier.get(keyOf(sample)) ?? 0) } : sample,
  );
}

function isCounted(name: string): boolean {
  return /_(total|bucket|sum|count)$/.test(name);
}

function keyOf({ name, labels }: Sample): string {
  return JSON.stringify([name, labels]);
}

class Page {
  readonly #byName: ReadonlyMap<string, readonly Sample[]>;

  constructor(samples: readonly Sample[]) {
    const byName = new Map<string, Sample[]>();
    for (const sample of samples) {
      const same = byName.get(sample.name);
      if (same === undefined) byName.set(sample.name, [sample]);
      else same.push(sample);
    }
    this.#byName = byName;
  }

  samplesOf(name: string): readonly Sample[] {
    return this.#byName.get(name) ?? [];
  }

  labelsOf(name: string): Readonly<Record<string, string>> {
    return this.samplesOf(prefix + name)[0]?.labels ?? {};
  }

  /** Of the samples that have these labels. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const has = (sample: Sample): boolean =>
      Object.entries(labels).every(([key, value]) => sample.labels[key] === value);
    return this.samplesOf(name).reduce((sum, sample) => (has(sample) ? sum + sample.value : sum), 0);
  }

  ratio(name: string, result: string): number | null {
    const all = this.sum(prefix + name);
    return all === 0 ? null : this.sum(prefix + name, { result }) / all;
  }

  /** One row for each value of a label of a histogram that has counted anything, by name. */
  callsOf(name: string, label: string, failedOf: (value: string) => number): Calls[] {
    const counts = this.samplesOf(`${prefix + name}_count`).filter(({ value }) => value > 0);
    const rows = counts.map(({ labels, value: count }) => {
      const of = labels[label] ?? '';
      const buckets = this.samplesOf(`${prefix + name}_bucket`).filter((sample) => sample.labels[label] === of);
      const seconds = this.sum(`${prefix + name}_sum`, { [label]: of });
      const [p50Ms, p99Ms] = [0.5, 0.99].map((quantile) => quantileOf(buckets, quantile) * 1000) as [number, number];
      return { name: of, count, failed: failedOf(of), meanMs: (seconds / count) * 1000, p50Ms, p99Ms };
    });
    return rows.sort((one, other) => one.name.localeCompare(other.name, 'en'));
  }
}

/**
 * Estimates as Prometheus does (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile): linearly
 * within a bucket; above the last bound, that bound.
 */
export function quantileOf(buckets: readonly Sample[], quantile: number): number {
  const bounds = buckets
    .map(({ labels: { le = '' }, value }) => ({ le: Number(le.replace('+Inf', 'Infinity')), value }))
    .sort((one, other) => one.le - other.le);
  const rank = quantile * (bounds.at(-1)?.value ?? 0);
  const at = bounds.findIndex(({ value }) => value >= rank);
  const bucket = bounds[at];
  const before = bounds[at - 1] ?? { le: 0, value: 0 };
  if (bucket === undefined) return NaN;
  if (bucket.le === Infinity) return before.le;
  const inBucket = bucket.value - before.value;
  return inBucket === 0 ? bucket.le : before.le + (bucket.le - before.le) * ((rank - before.value) / inBucket);
}
