import { expect, test } from '@jest/globals';
import { CallsInFlight } from '../../../../client/src/cache/calls-in-flight';

test('a change counts for every call on its session that is in flight, and for no other', () => {
  const calls = new CallsInFlight();
  const [one, other] = [calls.begin('a', 1, 0), calls.begin('b', 1, 0)];
  calls.changed('a', 3);
  const later = calls.begin('a', 2, 0);
  calls.changed('a', 2);
  expect([one, other, later].map(({ reported }) => reported)).toEqual([3, 0, 2]);
  calls.changed('a', Infinity);
  expect(one.reported).toBe(Infinity);
});

test('a change no longer counts for a call that has ended, but for others on its session', () => {
  const calls = new CallsInFlight();
  const [one, other] = [calls.begin('a', 1, 0), calls.begin('a', 1, 0)];
  calls.end('a', one);
  calls.changed('a', 3);
  calls.end('a', other);
  calls.end('a', other);
  calls.changed('a', 4);
  expect([one.reported, other.reported]).toEqual([0, 3]);
});
