import { describe, expect, test } from '@jest/globals';
import { deadlineOf, withinTimers } from '../../../../server/src/grpc/connections/timeout-header';

describe('the header grpc-timeout', () => {
  test.each([
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3000],
    ['250m', 250],
    ['1500u', 1.5],
    ['1000000n', 1],
    ['99999999H', 99_999_999 * 3_600_000],
    ['0m', 0],
  ])('%s gives a deadline by the monotonic clock', (header, milliseconds) => {
    expect(deadlineOf(header, 1000)).toBeCloseTo(1000 + milliseconds, 6);
  });

  test('gives no deadline if it is absent', () => {
    expect(deadlineOf(undefined, 1000)).toBe(Infinity);
  });

  test.each(['', '1', 'S', '-1S', '1.5S', '123456789S', '1s'])('%j is invalid', (header) => {
    expect(deadlineOf(header, 1000)).toBeNaN();
  });

  test.each(['1S', '500H', '2147483S'])('%s is left to grpc-js as it is', (timeout) => {
    const headers = { 'grpc-timeout': timeout, other: 'x' };
    expect(withinTimers(headers)).toBe(headers);
  });

  test.each(['600H', '2147484S', '99999999H'])(
    '%s, which is too long for a timer, becomes the longest timer',
    (timeout) => {
      expect(withinTimers({ 'grpc-timeout': timeout, other: 'x' })).toEqual({ 'grpc-timeout': '2147483S', other: 'x' });
    },
  );
});
