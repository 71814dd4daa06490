import { createHistogram } from 'node:perf_hooks';

/** In milliseconds, but for the count. */
export interface LatencySummary {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** Calls that took at most `upToMs`, and longer than the row before. */
export interface LatencyBucket {
  readonly upToMs: number;
  readonly count: number;
}

/** Longer than any call may take, in µs. */
const maxMicroseconds = 60_000_000;

/** In ms: three per power of ten, the rows of the histogram. */
const bounds = [-1, 0, 1, 2, 3, 4].flatMap((power) => [1, 2, 5].map((factor) => Number(`${factor}e${power}`)));

/** The latencies of calls, in a bounded amount of memory (HdrHistogram, which is part of Node.js), to three digits. */
export class Latencies {
  readonly #histogram = createHistogram({ lowest: 1, highest: maxMicroseconds, figures: 3 });
  readonly #counts = new Array<number>(bounds.length).fill(0);

  record(milliseconds: number): void {
    this.#histogram.record(Math.min(maxMicroseconds, Math.max(1, Math.round(milliseconds * 1000))));
    const at = bounds.findIndex((bound) => milliseconds <= bound);
    this.#counts[at < 0 ? bounds.length - 1 : at]! += 1;
  }

  /** @returns `undefined` if nothing was recorded */
  summary(): LatencySummary | undefined {
    const { count, mean, max } = this.#histogram;
    if (count === 0) return undefined;
    const percentile = (percent: number): number => this.#histogram.percentile(percent) / 1000;
    return {
      count,
      meanMs: mean / 1000,
      p50Ms: percentile(50),
      p90Ms: percentile(90),
      p99Ms: percentile(99),
      p999Ms: percentile(99.9),
      maxMs: max / 1000,
    };
  }

  /** From the first row that has calls to the last. */
  buckets(): LatencyBucket[] {
    const first = this.#counts.findIndex((count) => count > 0);
    const last = this.#counts.findLastIndex((count) => count > 0);
    if (first < 0) return [];
    return this.#counts.slice(first, last + 1).map((count, index) => ({ upToMs: bounds[first + index]!, count }));
  }
}
