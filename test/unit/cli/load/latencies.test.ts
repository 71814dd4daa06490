import { expect, test } from '@jest/globals';
import { Latencies } from '../../../../server/src/cli/load/latencies';

const latenciesOf = (...all: readonly number[]): Latencies => {
  const latencies = new Latencies();
  for (const each of all) latencies.record(each);
  return latencies;
};

test('percentiles are those of the recorded times, to three digits', () => {
  const summary = latenciesOf(...Array.from({ length: 1000 }, (_, index) => (index + 1) / 10)).summary()!;
  expect(summary.count).toBe(1000);
  for (const [key, expected] of Object.entries({
    p50Ms: 50,
    p90Ms: 90,
    p99Ms: 99,
    p999Ms: 99.9,
    maxMs: 100,
    meanMs: 50,
  })) {
    expect(Math.abs(summary[key as keyof typeof summary] / expected - 1)).toBeLessThan(0.002);
  }
});

test('nothing recorded is no summary', () => {
  expect(new Latencies().summary()).toBeUndefined();
  expect(new Latencies().buckets()).toEqual([]);
});

test('the histogram reaches from the fastest to the slowest call, gaps included', () => {
  expect(latenciesOf(0.4, 0.5, 3).buckets()).toEqual([
    { upToMs: 0.5, count: 2 },
    { upToMs: 1, count: 0 },
    { upToMs: 2, count: 0 },
    { upToMs: 5, count: 1 },
  ]);
});

test('times beyond the bounds count in the first and the last row', () => {
  const latencies = latenciesOf(0, 1e9);
  expect(latencies.buckets().map(({ count }) => count)).toEqual([1, ...Array<number>(16).fill(0), 1]);
  expect(latencies.summary()!.count).toBe(2);
});
