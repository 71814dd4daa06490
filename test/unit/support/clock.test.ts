import { expect, test } from '@jest/globals';
import { moveMonotonicClock } from '../../support/clock';

test('the monotonic clock moves by the sum of all moves, and is replaced only once', () => {
  const before = performance.now();
  moveMonotonicClock(60_000);
  const replaced = performance.now;
  moveMonotonicClock(1_000);
  expect(performance.now).toBe(replaced);
  expect(performance.now() - before).toBeGreaterThanOrEqual(61_000);
});
