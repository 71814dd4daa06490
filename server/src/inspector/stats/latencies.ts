/** A latency histogram as Prometheus has it: for each upper bound in seconds, ascending, how many took at most as long. */
export type Latencies = ReadonlyMap<number, number>;

/** What `later` has counted since `earlier`. */
export function since(earlier: Latencies, later: Latencies): Latencies {
  return new Map(Array.from(later, ([bound, count]) => [bound, count - (earlier.get(bound) ?? 0)]));
}

export function sum(all: readonly Latencies[]): Latencies {
  const total = new Map<number, number>();
  for (const each of all) for (const [bound, count] of each) total.set(bound, (total.get(bound) ?? 0) + count);
  return total;
}

/**
 * In seconds; `undefined` if nothing was counted. Interpolates within a bucket, and answers with the last finite bound above it, as
 * `histogram_quantile` of Prometheus does (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile).
 *
 * @param share from 0 to 1
 */
export function quantile(latencies: Latencies, share: number): number | undefined {
  const total = latencies.get(Infinity) ?? 0;
  if (total <= 0) return undefined;
  const rank = share * total;
  let [lower, below] = [0, 0];
  for (const [bound, count] of latencies) {
    if (count >= rank && count > below)
      return bound === Infinity ? lower : lower + ((bound - lower) * (rank - below)) / (count - below);
    [lower, below] = [bound, count];
  }
  return lower;
}
