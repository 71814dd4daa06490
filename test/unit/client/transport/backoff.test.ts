import { expect, jest, test } from '@jest/globals';
import { Backoff } from '../../../../client/src/transport/backoff';

const limits = { first: 20, max: 100, maxRequested: 1000 };

test('allows twice as much after each failure, up to a limit, until an attempt succeeds', () => {
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
  const backoff = new Backoff(limits);
  const five = () => Array.from({ length: 5 }, () => backoff.next());
  expect(five()).toEqual([10, 20, 40, 50, 50]);
  backoff.reset();
  expect(five()).toEqual([10, 20, 40, 50, 50]);
  jest.restoreAllMocks();
});

test('is never shorter than what the sidecar requests, up to a limit', () => {
  const backoff = new Backoff(limits);
  expect(backoff.next(400)).toBe(400);
  expect(backoff.next(60_000)).toBe(1000);
  expect(backoff.next(Infinity)).toBe(1000);
});
