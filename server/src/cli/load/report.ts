import type { Output } from '../output';
import { msText, numberText } from '../units';
import type { LatencyBucket, LatencySummary } from './latencies';
import type { Measurement } from './measurement';

const barWidth = 40;

/** The result for scripts. A kind of call without a success is `null`. */
export function resultOf(measurement: Measurement) {
  const seconds = measurement.elapsedMs / 1000;
  return {
    seconds,
    calls: measurement.calls,
    perSecond: measurement.calls / seconds,
    failed: measurement.failed,
    errors: Object.fromEntries(measurement.errors),
    all: measurement.all.summary() ?? null,
    reads: measurement.reads.summary() ?? null,
    updates: measurement.updates.summary() ?? null,
    histogram: measurement.all.buckets(),
  };
}

export type LoadResult = ReturnType<typeof resultOf>;

export function printResult({ seconds, calls, perSecond, errors, histogram, ...of }: LoadResult, output: Output): void {
  output.line(`${numberText(calls)} calls in ${seconds.toFixed(1)} s: ${numberText(Math.round(perSecond))} per second`);
  output.line();
  const rows = (['reads', 'updates', 'all'] as const).flatMap((kind) => {
    const summary = of[kind];
    return summary === null ? [] : [[kind, ...cellsOf(summary)]];
  });
  output.table(rows, {
    head: ['LATENCY', 'COUNT', 'MEAN', 'P50', 'P90', 'P99', 'P99.9', 'MAX'],
    right: [1, 2, 3, 4, 5, 6, 7],
  });
  output.line();
  output.table(barsOf(histogram), { head: ['UP TO', 'CALLS', ''], right: [0, 1] });
  const failures = Object.entries(errors);
  if (failures.length === 0) return;
  output.line();
  output.table(
    failures.map(([reason, count]) => [output.style('red', reason), numberText(count)]),
    { head: ['FAILED WITH', 'CALLS'], right: [1] },
  );
}

function cellsOf({ count, ...times }: LatencySummary): string[] {
  const { meanMs, p50Ms, p90Ms, p99Ms, p999Ms, maxMs } = times;
  return [numberText(count), ...[meanMs, p50Ms, p90Ms, p99Ms, p999Ms, maxMs].map(msText)];
}

/** One row per bucket, the longest bar for the fullest one. */
export function barsOf(buckets: readonly LatencyBucket[]): string[][] {
  const most = Math.max(...buckets.map(({ count }) => count));
  return buckets.map(({ upToMs, count }) => {
    const length = count === 0 ? 0 : Math.max(1, Math.round((count / most) * barWidth));
    return [msText(upToMs), numberText(count), '■'.repeat(length)];
  });
}
