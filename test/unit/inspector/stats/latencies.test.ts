import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { quantile, since, sum } from '../../../../server/src/inspector/stats/latencies';
import type { Latencies } from '../../../../server/src/inspector/stats/latencies';

const bounds = [0.001, 0.01, 0.1, Infinity];
const latencies = (...counts: number[]): Latencies => new Map(bounds.map((bound, at) => [bound, counts[at] ?? 0]));

describe('a quantile', () => {
  test.each([
    ['of nothing is not known', latencies(0, 0, 0, 0), 0.5, undefined],
    ['within the first bucket is counted from 0', latencies(10, 10, 10, 10), 0.5, 0.0005],
    ['at the end of a bucket is its bound', latencies(5, 10, 10, 10), 0.5, 0.001],
    ['within a later bucket is counted from the bound below', latencies(5, 10, 10, 10), 0.75, 0.0055],
    ['skips empty buckets', latencies(0, 0, 10, 10), 0.5, 0.055],
    ['above all bounds is the last bound', latencies(0, 0, 1, 10), 0.99, 0.1],
    ['0 is the lower end of the first bucket with anything', latencies(0, 10, 10, 10), 0, 0.001],
  ])('%s', (_, counted, share, expected) => {
    const seconds = quantile(counted, share);
    if (expected === undefined) expect(seconds).toBeUndefined();
    else expect(seconds).toBeCloseTo(expected, 9);
  });

  test('never falls as its share rises, and is a time within the bounds', () => {
    const counts = fc.array(fc.nat(1_000), { minLength: 4, maxLength: 4 }).map((each) => {
      let total = 0;
      return latencies(...each.map((count) => (total += count)));
    });
    fc.assert(
      fc.property(
        counts,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, a, b) => {
          const [low, high] = [quantile(all, Math.min(a, b)), quantile(all, Math.max(a, b))];
          if (all.get(Infinity) === 0) return low === undefined && high === undefined;
          return low! <= high! && low! >= 0 && high! <= 0.1;
        },
      ),
    );
  });
});

test('what was counted since then is the difference of each bucket, also of ones that are new', () => {
  expect([...since(latencies(1, 2, 3, 4), latencies(5, 6, 7, 8)).values()]).toEqual([4, 4, 4, 4]);
  expect([...since(new Map(), latencies(1, 2, 3, 4)).values()]).toEqual([1, 2, 3, 4]);
});

test('a sum adds each bucket', () => {
  expect(sum([latencies(1, 2, 3, 4), latencies(1, 1, 1, 1)])).toEqual(latencies(2, 3, 4, 5));
  expect(sum([]).size).toBe(0);
});
