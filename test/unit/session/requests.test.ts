import { describe, expect, test } from '@jest/globals';
import type { SessionError } from '../../../server/src/session/errors';
import { checkedUpdate } from '../../../server/src/session/requests';
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
    const request = { mutations, idleTimeout: false, subject: '\n', ifVersion: 0 } as const;
    expect(refusal(() => checkedUpdate(request, generousLimits)).violations.map(({ field }) => field)).toEqual([
      'mutations[0]',
      'mutations[1].delete.key',
      'no_idle_timeout',
      'subject',
      'if_version',
    ]);
  });
});
