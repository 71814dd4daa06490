import { createHistogram } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { isWrite } from './closed-loop';

/** Operations that begin at a fixed rate, however long earlier ones take, as those of independent visitors do. */
export interface SteadyLoad {
  readonly perSecond: number;
  /** The share of operations that write, from 0 to 1. */
  readonly writeShare: number;
  /** How long operations are started. Those in flight at the end are waited for. */
  readonly milliseconds: number;
}

export interface SteadyOutcome {
  /** Operations that succeeded. */
  readonly operations: number;
  readonly failed: number;
  readonly firstFailure?: string;
  /** Includes failures, because a client waits for them, too. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly longest: number };
}

/** @param first the number of the first operation */
export async function runSteady(
  { perSecond, writeShare, milliseconds }: SteadyLoad,
  first: number,
  operation: (i: number, isWrite: boolean) => Promise<void>,
): Promise<SteadyOutcome> {
  // An HdrHistogram in nanoseconds, up to a minute, with three significant digits.
  const latencies = createHistogram({ lowest: 1, highest: 60e9, figures: 3 });
  const failures: unknown[] = [];
  const count = Math.round((perSecond * milliseconds) / 1000);
  const inFlight = new Set<Promise<void>>();

  async function measure(i: number): Promise<void> {
    const before = performance.now();
    try {
      await operation(i, isWrite(i, writeShare));
    } catch (error) {
      failures.push(error);
    }
    latencies.record(Math.max(1, Math.round((performance.now() - before) * 1e6)));
  }

  const begin = performance.now();
  let started = 0;
  while (started < count) {
    const due = Math.min(count, Math.ceil(((performance.now() - begin) / 1000) * perSecond));
    for (; started < due; started++) {
      const one = measure(first + started);
      inFlight.add(one);
      void one.then(() => inFlight.delete(one));
    }
    await delay(1);
  }
  await Promise.all(inFlight);

  const [firstFailure] = failures;
  const milli = (nanoseconds: number): number => nanoseconds / 1e6;
  return {
    operations: count - failures.length,
    failed: failures.length,
    ...(failures.length > 0 && { firstFailure: String(firstFailure) }),
    latencyMs: {
      p50: milli(latencies.percentile(50)),
      p99: milli(latencies.percentile(99)),
      longest: milli(latencies.max),
    },
  };
}
