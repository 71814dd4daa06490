import { describe, expect, test } from '@jest/globals';
import { runSteady } from '../../bench/src/steady-load';

describe('runSteady()', () => {
  const load = { perSecond: 1000, writeShare: 0.5, milliseconds: 20 };

  test('begins operations at its rate although none has ended', async () => {
    const seen: number[] = [];
    let finish: (() => void) | undefined;
    const end = new Promise<void>((resolve) => (finish = resolve));
    const outcome = runSteady(load, 100, (i) => {
      seen.push(i);
      if (seen.length === 20) finish?.();
      return end;
    });
    expect(await outcome).toMatchObject({ operations: 20, failed: 0 });
    expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => 100 + n));
  });

  test('distinguishes writes from reads', async () => {
    let writes = 0;
    await runSteady(load, 0, (_i, isWrite) => {
      if (isWrite) writes += 1;
      return Promise.resolve();
    });
    expect(writes).toBe(10);
  });

  test('counts failed operations apart, and reports how the first failed', async () => {
    const outcome = await runSteady(load, 0, (i) => (i < 5 ? Promise.reject(new Error(`no ${i}`)) : Promise.resolve()));
    expect(outcome).toMatchObject({ operations: 15, failed: 5, firstFailure: 'Error: no 0' });
  });

  test('measures failures too', async () => {
    const late = () => new Promise<void>((_, reject) => setImmediate(() => reject(new Error('down'))));
    const { operations, latencyMs } = await runSteady(load, 0, late);
    expect(operations).toBe(0);
    expect(latencyMs.longest).toBeGreaterThan(0);
  });
});
