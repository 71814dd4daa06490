import { describe, expect, test } from '@jest/globals';
import { SessionError } from '../../../../client/src/errors/session-error';
import { retryingTransport } from '../../../../client/src/transport/retrying-transport';
import type { Transport } from '../../../../client/src/transport/transport';

const errors = {
  'perhaps done': new SessionError('STORE_UNAVAILABLE', '', { metadata: { maybe_applied: 'true' } }),
  'not done': new SessionError('STORE_UNAVAILABLE', '', { metadata: { maybe_applied: 'false' } }),
  overloaded: new SessionError('OVERLOADED', ''),
  draining: new SessionError('DRAINING', ''),
  'no answer': new SessionError('UNAVAILABLE', ''),
  'no session': new SessionError('SESSION_NOT_FOUND', ''),
} as const;
type Outcome = keyof typeof errors | 'done';

/** What comes of a call whose attempts end so; the last outcome is that of all further ones. */
async function outcomeOf(method: 'invalidateSession' | 'updateSession', outcomes: readonly Outcome[]) {
  const left = [...outcomes];
  let attempts = 0;
  const transport = {
    call: () => {
      attempts += 1;
      const outcome = left.length > 1 ? left.shift()! : left[0]!;
      return outcome === 'done' ? Promise.resolve({}) : Promise.reject(errors[outcome]);
    },
    close: () => {},
  } as unknown as Transport;
  const call = retryingTransport(transport).call(method, {} as never, { deadline: performance.now() + 300 });
  const outcome = await call.then(
    () => 'done',
    (error: unknown) => Object.entries(errors).find(([, one]) => one === error)?.[0],
  );
  return { outcome, attempts };
}

describe('a call that is tried again', () => {
  test.each<[Outcome, ...Outcome[]]>([
    ['perhaps done', 'perhaps done', 'not done'],
    ['perhaps done', 'perhaps done', 'overloaded', 'not done'],
    ['no answer', 'no answer', 'draining'],
    ['no answer', 'overloaded', 'no answer', 'not done'],
    ['perhaps done', 'no answer', 'perhaps done'],
    ['not done', 'not done'],
    ['draining', 'overloaded', 'draining'],
    ['done', 'perhaps done', 'not done', 'done'],
    ['no session', 'perhaps done', 'no session'],
  ])('may run twice: ends as %j after %j', async (expected, ...outcomes) => {
    expect((await outcomeOf('invalidateSession', outcomes)).outcome).toBe(expected);
  });

  test.each<[Outcome, number, ...Outcome[]]>([
    ['perhaps done', 1, 'perhaps done', 'done'],
    ['no answer', 1, 'no answer', 'done'],
    ['perhaps done', 3, 'not done', 'overloaded', 'perhaps done'],
    ['done', 3, 'not done', 'draining', 'done'],
  ])('must not run twice: ends as %j after %i attempts', async (outcome, attempts, ...outcomes) => {
    expect(await outcomeOf('updateSession', outcomes)).toEqual({ outcome, attempts });
  });
});
