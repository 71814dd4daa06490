import { describe, expect, test } from '@jest/globals';
import { checkClock, checkLatency } from '../../../../../server/src/cli/doctor/checks/latency';

const timing = (roundTripsMs: readonly number[], clockAheadMs = 0) => ({ roundTripsMs, clockAheadMs });

describe('the latency', () => {
  test.each([
    { roundTripsMs: [0.2, 0.3, 4], status: 'ok', found: 'median 0.30 ms, longest 4.00 ms of 3' },
    { roundTripsMs: [6, 7, 8], status: 'warning', found: 'median 7.00 ms, longest 8.00 ms of 3' },
    { roundTripsMs: [0.2, 0.3, 130], status: 'warning', found: 'median 0.30 ms, longest 130 ms of 3' },
  ])('of $roundTripsMs is $status', ({ roundTripsMs, ...expected }) => {
    expect(checkLatency(timing(roundTripsMs), 250)).toMatchObject(expected);
  });

  test('that is near the time limit names the setting', () => {
    expect(checkLatency(timing([0.2, 130]), 250).advice).toContain('SESSION_SIDECAR_REDIS_COMMAND_TIMEOUT (250 ms)');
  });

  test('is unknown if Redis runs no scripts', () => {
    expect(checkLatency(undefined, 250)).toMatchObject({ status: 'unknown' });
    expect(checkClock(undefined)).toMatchObject({ status: 'unknown' });
  });
});

describe('the clock of Redis', () => {
  test.each([
    { ahead: 0.4, status: 'ok', found: '0.40 ms ahead of this machine' },
    { ahead: -900, status: 'ok', found: '900 ms behind this machine' },
    { ahead: 5_000, status: 'warning', found: '5.00 s ahead of this machine' },
    { ahead: -60_000, status: 'warning', found: '60.00 s behind this machine' },
  ])('$found is $status', ({ ahead, ...expected }) => {
    expect(checkClock(timing([1], ahead))).toMatchObject(expected);
  });
});
