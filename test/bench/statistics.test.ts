import { describe, expect, test } from '@jest/globals';
import { isWrite, runAll, runRound, sessionOf } from '../../bench/src/closed-loop';
import { alternate, compare, mean, median, percentile } from '../../bench/src/statistics';

describe('median()', () => {
  test('is the middle value, whatever the order', () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  test('is halfway between the two in the middle of an even number', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  test('leaves the values as they were', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  test('refuses no values, as mean() does', () => {
    expect(() => median([])).toThrow(RangeError);
    expect(() => mean([])).toThrow(RangeError);
  });
});

describe('percentile()', () => {
  test('is a value that this part of the values does not exceed, whatever the order', () => {
    const values = Array.from({ length: 100 }, (_, n) => 100 - n);
    expect([0, 0.5, 0.99, 1].map((part) => percentile(values, part))).toEqual([1, 50, 99, 100]);
    expect(percentile([7], 0.99)).toBe(7);
  });
});

describe('alternate()', () => {
  test('runs A B A B … one after another and pairs each round with the one right after it', async () => {
    const order: string[] = [];
    let running = 0;
    const side = (name: string) => async () => {
      expect(++running).toBe(1);
      await Promise.resolve();
      running -= 1;
      return `${name}${order.push(name)}`;
    };
    const pairs = await alternate(3, side('A'), side('B'));
    expect(order.join('')).toBe('ABABAB');
    expect(pairs).toEqual([
      ['A1', 'B2'],
      ['A3', 'B4'],
      ['A5', 'B6'],
    ]);
  });
});

describe('compare()', () => {
  test('gives the median of the ratios of pairs, not the ratio of medians', () => {
    // The machine was half as fast during the second pair, and twice as fast during the third.
    const pairs = [
      [10, 20],
      [5, 10],
      [24, 40],
    ] as const;
    const compared = compare(pairs, (value) => value);
    expect(compared).toEqual({ ours: 10, theirs: 20, ratio: 0.5, min: 0.5, max: 0.6 });
  });

  test('compares one figure of the rounds', () => {
    const round = (operations: number) => ({ operations });
    expect(compare([[round(300), round(100)]], ({ operations }) => operations).ratio).toBe(3);
  });

  test('leaves out pairs with a divisor of zero', () => {
    const pairs = [
      [1, 0],
      [3, 2],
    ] as const;
    expect(compare(pairs, (value) => value)).toMatchObject({ ratio: 1.5, min: 1.5, max: 1.5 });
  });
});

describe('runRound()', () => {
  const round = { inFlight: 4, writeShare: 0.5, milliseconds: 60_000, operations: 10 };

  test('keeps the given number of operations in flight, and stops after the given total', async () => {
    let inFlight = 0;
    let most = 0;
    const seen: number[] = [];
    const outcome = await runRound(round, 100, async (i) => {
      seen.push(i);
      most = Math.max(most, ++inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight -= 1;
    });
    expect(most).toBe(4);
    expect(seen).toEqual([100, 101, 102, 103, 104, 105, 106, 107, 108, 109]);
    expect(outcome).toMatchObject({ operations: 10, failed: 0 });
    expect(outcome.latencyUs.p50).toBeLessThanOrEqual(outcome.latencyUs.p99);
  });

  test('counts failed operations apart, and reports how the first failed', async () => {
    const outcome = await runRound(round, 0, async (i) => {
      if (i % 5 === 0) throw new Error(`no ${i}`);
      return Promise.resolve();
    });
    expect(outcome).toMatchObject({ operations: 8, failed: 2, firstFailure: 'Error: no 0' });
  });

  test('lets the event loop turn, however long operations are answered from memory', async () => {
    let hasTurned = false;
    setImmediate(() => {
      hasTurned = true;
    });
    // Ends as soon as the loop has turned; otherwise the round would last for a minute.
    const outcome = runRound({ ...round, milliseconds: 60_000, operations: Infinity }, 0, () =>
      hasTurned ? Promise.reject(new Error('turned')) : Promise.resolve(),
    );
    await expect(outcome).rejects.toThrow(/operations failed, the first with: Error: turned/);
  });

  test('stops on a side that only fails', async () => {
    const failing = runRound({ ...round, operations: Infinity }, 0, () => Promise.reject(new Error('down')));
    await expect(failing).rejects.toThrow(/operations failed, the first with: Error: down/);
  });
});

describe('the load', () => {
  test.each([
    [0, 0],
    [0.1, 1000],
    [0.5, 5000],
  ])('a write share of %d makes so many of 10,000 operations writes', (share, writes) => {
    const operations = Array.from({ length: 10_000 }, (_, i) => i);
    expect(operations.filter((i) => isWrite(i, share))).toHaveLength(writes);
  });

  test('reads and writes reach all sessions, equally often', () => {
    const sessions = 100;
    const reached = (isCounted: (i: number) => boolean) => {
      const counts = new Array<number>(sessions).fill(0);
      for (let i = 0; i < 100_000; i++) if (isCounted(i)) counts[sessionOf(i, sessions)]! += 1;
      return { min: Math.min(...counts), max: Math.max(...counts) };
    };
    const all = reached(() => true);
    expect(all.max - all.min).toBeLessThanOrEqual(10);
    const writes = reached((i) => isWrite(i, 0.1));
    expect(writes.max - writes.min).toBeLessThanOrEqual(10);
  });

  test.each([0, 0.5, 0.9])(
    'a hot share of %d is about the first twentieth of sessions, reads and writes alike',
    (share) => {
      const operations = Array.from({ length: 100_000 }, (_, i) => i);
      const hotPart = (some: readonly number[]) =>
        some.filter((i) => sessionOf(i, 10_000, share) < 500).length / some.length;
      expect(hotPart(operations)).toBeCloseTo(share, 2);
      expect(hotPart(operations.filter((i) => isWrite(i, 0.1)))).toBeCloseTo(share, 1);
      const reached = new Set(operations.map((i) => sessionOf(i, 100, share)));
      expect(reached.size).toBe(share === 0 ? 95 : 100);
    },
  );

  test('no session is read twice among 256 operations in flight', () => {
    for (let first = 0; first < 20_000; first += 997) {
      const inFlight = Array.from({ length: 256 }, (_, n) => sessionOf(first + n, 10_000));
      expect(new Set(inFlight).size).toBe(256);
    }
  });

  test('runAll() does each number once', async () => {
    const seen: number[] = [];
    await runAll(100, async (n) => {
      await Promise.resolve();
      seen.push(n);
    });
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });
});
