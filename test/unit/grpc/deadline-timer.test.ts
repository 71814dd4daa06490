import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { DeadlineTimer } from '../../../server/src/grpc/deadline-timer';

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

test('fires for a deadline that has passed, without a timer in the past, about which Node.js warns', () => {
  const setTimer = jest.spyOn(globalThis, 'setTimeout');
  const onDue = jest.fn(() => Infinity);
  new DeadlineTimer(onDue).watch(performance.now() - 0.5);
  expect(setTimer.mock.calls.map(([, milliseconds]) => milliseconds)).toEqual([1]);
  jest.advanceTimersByTime(1);
  expect(onDue).toHaveBeenCalledTimes(1);
});
