import { expect, test } from '@jest/globals';
import { InFlightCalls } from '../../../server/src/rpc/in-flight-calls';

test('idle() resolves when the last call has finished, those included that started meanwhile', async () => {
  const calls = new InFlightCalls();
  await calls.idle();
  calls.start();
  calls.start();
  let isIdle = false;
  const idle = calls.idle().then(() => (isIdle = true));
  calls.finish();
  calls.finish();
  calls.start();
  await new Promise(setImmediate);
  expect(isIdle).toBe(false);
  calls.finish();
  await idle;
});

test('once draining, new calls are rejected with DRAINING', () => {
  const calls = new InFlightCalls();
  calls.refuseWhenDraining();
  calls.startDraining();
  expect(calls.draining).toBe(true);
  expect(() => calls.refuseWhenDraining()).toThrow(expect.objectContaining({ reason: 'DRAINING' }));
});
