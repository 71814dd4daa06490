import { describe, expect, test } from '@jest/globals';
import type { SessionError } from '../../../server/src/session/errors';
import { checkedLease, checkedUpdate, checkFence } from '../../../server/src/session/requests';
import { generousLimits } from '../../support/store-harness';

function refusal(run: () => unknown): SessionError {
  try {
    run();
  } catch (error) {
    return error as SessionError;
  }
  throw new Error('Expected a refusal.');
}

describe('checkedUpdate()', () => {
  test('refuses a hundred thousand mutations that say nothing in a few words', () => {
    const mutations = Array.from({ length: 100_000 }, () => undefined);
    const limits = { ...generousLimits, maxMutations: 100_000 };
    const { reason, violations, message } = refusal(() => checkedUpdate({ mutations }, limits));
    expect(reason).toBe('INVALID_ARGUMENT');
    expect(violations.map(({ field }) => field)).toEqual([
      ...Array.from({ length: 8 }, (_, n) => `mutations[${n}]`),
      '',
    ]);
    expect(message.length).toBeLessThan(1000);
  });

  test('names every field that is wrong', () => {
    const mutations = [undefined, { kind: 'delete', key: '' } as const];
    const request = { mutations, idleTimeout: false, subject: '\n', ifVersion: 0, fence: 0, grace: 0.5 } as const;
    expect(refusal(() => checkedUpdate(request, generousLimits)).violations.map(({ field }) => field)).toEqual([
      'mutations[0]',
      'mutations[1].delete.key',
      'no_idle_timeout',
      'subject',
      'if_version',
      'fence',
      'grace',
      'grace',
    ]);
  });
});

describe('a grace', () => {
  const grace = (milliseconds: number, subject?: string) => () =>
    checkedUpdate({ mutations: [], grace: milliseconds, subject }, generousLimits);

  test.each([1, 30_000])('may be %i ms', (milliseconds) => {
    expect(grace(milliseconds)()).toMatchObject({ grace: milliseconds });
  });

  test.each([0, -1, 30_001, 1.5, NaN])('cannot be %d ms', (milliseconds) => {
    expect(refusal(grace(milliseconds)).violations).toEqual([
      { field: 'grace', description: `Expected 1 to 30000 whole milliseconds, got ${milliseconds} milliseconds.` },
    ]);
  });

  test.each(['ada', ''])('cannot come with the subject "%s"', (subject) => {
    const { violations, message } = refusal(grace(1000, subject));
    expect(violations).toEqual([{ field: 'grace', description: expect.stringContaining('subject') }]);
    expect(message).not.toContain('ada');
  });
});

describe('checkedLease()', () => {
  test.each([100, 300_000])('accepts %i ms', (duration) => {
    expect(checkedLease({ duration, holder: 'one' })).toEqual({ durationMs: duration, holder: 'one' });
  });

  test.each([undefined, 0, 99, 300_001, 100.5])(
    'refuses a duration of %p ms, and a holder without a name',
    (duration) => {
      const { violations } = refusal(() => checkedLease({ duration, holder: '' }));
      expect(violations.map(({ field }) => field)).toEqual(['duration', 'holder']);
    },
  );
});

test.each([0, -1])('checkFence() refuses %i', (fence) => {
  expect(refusal(() => checkFence(fence)).violations.map(({ field }) => field)).toEqual(['fence']);
});
