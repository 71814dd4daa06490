import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { confirmIntervalMs, Liveness, maxStalenessMs } from '../../../../client/src/cache/liveness';

let requests: number[];
let liveness: Liveness;

beforeEach(() => {
  jest.useFakeTimers();
  requests = [];
  liveness = new Liveness({ listen: () => undefined, confirm: (clock) => requests.push(clock) });
});

afterEach(() => {
  liveness.stop();
  jest.useRealTimers();
});

test('a read is covered for the maximum staleness after the request that was confirmed', () => {
  expect(liveness.begin()).toBeUndefined();
  const requestedAt = Math.floor(performance.now());
  jest.advanceTimersByTime(100);
  liveness.confirmed(requests[0]!);
  const epoch = liveness.begin()!;
  expect(liveness.covers(epoch, requestedAt + maxStalenessMs - 1)).toBe(true);
  expect(liveness.covers(epoch, requestedAt + maxStalenessMs)).toBe(false);
});

test('a late confirmation of an earlier request shortens nothing', () => {
  liveness.begin();
  jest.advanceTimersByTime(confirmIntervalMs);
  liveness.confirmed(requests[1]!);
  const epoch = liveness.begin()!;
  liveness.confirmed(requests[0]!);
  expect(liveness.covers(epoch, performance.now() + maxStalenessMs - 1)).toBe(true);
});

test('what was read before a loss is never covered again', () => {
  liveness.begin();
  liveness.confirmed(requests[0]!);
  const epoch = liveness.begin()!;
  liveness.lose();
  liveness.confirmed(requests[0]!);
  expect(liveness.covers(epoch, performance.now())).toBe(false);
  expect(liveness.covers(liveness.begin()!, performance.now())).toBe(true);
});

test('confirmation is requested four times a second, only while sessions are read', () => {
  jest.advanceTimersByTime(1000);
  expect(requests).toHaveLength(0);
  for (let reads = 0; reads < 4; reads += 1) {
    liveness.begin();
    jest.advanceTimersByTime(confirmIntervalMs);
  }
  const whileRead = requests.length;
  expect(whileRead).toBeGreaterThanOrEqual(4);
  jest.advanceTimersByTime(10_000);
  expect(requests.length - whileRead).toBeLessThanOrEqual(1);
});

test('nothing is requested or covered after stop()', () => {
  liveness.begin();
  liveness.confirmed(requests[0]!);
  const epoch = liveness.begin()!;
  liveness.stop();
  const before = requests.length;
  expect(liveness.covers(epoch, performance.now())).toBe(false);
  jest.advanceTimersByTime(1000);
  expect(requests).toHaveLength(before);
});
