import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Pace } from '../../../../server/src/cli/import/pace';

describe('a pace', () => {
  /** Whether a promise is settled after some turns of the event loop. */
  async function isSettled(promise: Promise<void>): Promise<boolean> {
    let settled = false;
    void promise.then(() => (settled = true));
    for (let turn = 0; turn < 20; turn += 1) await setImmediate();
    return settled;
  }

  test('lets the first ones go at once, and the next ones wait until these are due, or until it is interrupted', async () => {
    const interrupted = new AbortController();
    const pace = new Pace(1, interrupted.signal);
    expect(await isSettled(pace.take(3600))).toBe(true);
    const next = pace.take(1);
    expect(await isSettled(next)).toBe(false);
    interrupted.abort();
    await next;
  });

  test('without a rate lets all go at once', async () => {
    const pace = new Pace(undefined, new AbortController().signal);
    for (let count = 0; count < 3; count += 1) expect(await isSettled(pace.take(1_000_000))).toBe(true);
  });
});
