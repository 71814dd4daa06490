import { expect, test } from '@jest/globals';
import { ErrorCounts } from '../../../../server/src/inspector/stats/error-counts';
import { ManualClock } from '../../../support/clock';
import { reading } from './readings';

test('failures are counted by kind, the newest first', () => {
  const clock = new ManualClock();
  const errors = new ErrorCounts(clock.now);
  const notFound = { method: 'GetSession', status: 'NOT_FOUND', reason: 'SESSION_NOT_FOUND' };
  errors.callFailed(notFound);
  clock.advance(1_000);
  errors.callFailed({ method: 'GetSession', status: 'DEADLINE_EXCEEDED', reason: undefined });
  clock.advance(1_000);
  errors.callFailed(notFound);
  expect(errors.list()).toEqual([
    { kind: 'call', name: 'GetSession', reason: 'SESSION_NOT_FOUND', count: 2, lastAt: clock.now() },
    { kind: 'call', name: 'GetSession', reason: 'DEADLINE_EXCEEDED', count: 1, lastAt: clock.now() - 1_000 },
  ]);
});

test('refusals and failed store commands are seen when a reading has more of them', () => {
  const errors = new ErrorCounts(() => 0);
  const refusals = new Map([
    ['connections', 2],
    ['frame', 0],
  ]);
  const storeErrors = new Map([['load STORE_UNAVAILABLE', 1]]);
  errors.read(reading({ at: 1_000, refusals, storeErrors }));
  errors.read(reading({ at: 2_000, refusals, storeErrors: new Map([['load STORE_UNAVAILABLE', 4]]) }));
  expect(errors.list()).toEqual([
    { kind: 'store', name: 'load', reason: 'STORE_UNAVAILABLE', count: 4, lastAt: 2_000 },
    { kind: 'refusal', name: 'connections', reason: 'limit reached', count: 2, lastAt: 1_000 },
  ]);
});
