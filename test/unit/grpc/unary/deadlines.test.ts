import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Deadlines } from '../../../../server/src/grpc/unary/deadlines';
import type { Overdue } from '../../../../server/src/grpc/unary/deadlines';

let deadlines: Deadlines;
let ended: string[];

beforeEach(() => {
  jest.useFakeTimers();
  deadlines = new Deadlines();
  ended = [];
});
afterEach(() => {
  deadlines.stop();
  jest.useRealTimers();
});

function watch(name: string, afterMs: number): Overdue {
  const call = { deadline: performance.now() + afterMs, onDeadline: () => void ended.push(name) };
  deadlines.watch(call);
  return call;
}

test('Each call ends at its deadline, whatever the order in which they came', () => {
  watch('late', 300);
  watch('early', 100);
  watch('between', 200);
  jest.advanceTimersByTime(99);
  expect(ended).toEqual([]);
  jest.advanceTimersByTime(2);
  expect(ended).toEqual(['early']);
  jest.advanceTimersByTime(100);
  expect(ended).toEqual(['early', 'between']);
  jest.advanceTimersByTime(100);
  expect(ended).toEqual(['early', 'between', 'late']);
});

test('A call that is over is not ended', () => {
  const call = watch('over', 100);
  watch('other', 200);
  deadlines.forget(call);
  jest.advanceTimersByTime(1000);
  expect(ended).toEqual(['other']);
});

test('A call without a deadline starts no timer', () => {
  watch('endless', Infinity);
  expect(jest.getTimerCount()).toBe(0);
});
