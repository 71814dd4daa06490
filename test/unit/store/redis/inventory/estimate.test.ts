import { describe, expect, test } from '@jest/globals';
import { estimateOf, sumOf } from '../../../../../server/src/store/redis/inventory/estimate';

describe('an estimate from a sample', () => {
  test('is the share of sessions in the sample, of all keys', () => {
    expect(estimateOf(100_000, 1000, 500)).toMatchObject({ count: 50_000 });
  });

  test('has the interval of Wilson, which Wald’s formula misses at the ends', () => {
    // For 500 of 1,000, both have about 3.1 % on each side (https://www.itl.nist.gov/div898/handbook/prc/section2/prc241.htm).
    const { low, high } = estimateOf(100_000, 1000, 500);
    expect([Math.round(low / 100), Math.round(high / 100)]).toEqual([469, 531]);
    const all = estimateOf(1_000_000, 1000, 1000);
    expect(all).toMatchObject({ count: 1_000_000, high: 1_000_000 });
    expect(all.low).toBeGreaterThan(996_000);
    expect(all.low).toBeLessThan(997_000);
    expect(estimateOf(1_000_000, 1000, 0)).toMatchObject({ count: 0, low: 0 });
    expect(estimateOf(1_000_000, 1000, 0).high).toBeGreaterThan(3000);
  });

  test('knows nothing without a sample', () => {
    expect(estimateOf(7, 0, 0)).toEqual({ count: 0, low: 0, high: 7 });
  });

  test('of several servers is their sum', () => {
    expect(sumOf([estimateOf(7, 0, 0), { count: 3, low: 2, high: 4 }])).toEqual({ count: 3, low: 2, high: 11 });
  });
});
