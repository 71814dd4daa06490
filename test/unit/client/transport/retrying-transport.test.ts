import { describe, expect, test } from '@jest/globals';
import { SessionError } from '../../../../client/src/errors/session-error';
import { retryingTransport } from '../../../../client/src/transport/retrying-transport';
import type { Transport } from '../../../../client/src/transport/transport';

const errors = {
  'maybe applied': new SessionError('STORE_UNAVAILABLE', '', { metadata: { maybe_applied: 'true' } }),
  'not applied': new SessionError('STORE_UNAVAILABLE', '', { metadata: { maybe_applied: 'false' } }),
  overloaded: new SessionError('OVERLOADED', ''),
  draining: new SessionError('DRAINING', ''),
  'no answer': new SessionError('UNAVAILABLE', ''),
  'no session': new SessionError('SESSION_NOT_FOUND', ''),
} as const;
type Outcome = keyof typeof errors | 'done';

/** The outcome of a call whose attempts have these outcomes; the last one is that of all further attempts. */
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
  // Attempts that did nothing go on until the deadline; others end by themselves, however busy the machine is.
  const endless: readonly Outcome[] = ['not applied', 'overloaded', 'draining'];
  const patienceMs = endless.includes(outcomes.at(-1)!) ? 300 : 20_000;
  const call = retryingTransport(transport).call(method, {} as never, { deadline: performance.now() + patienceMs });
  const outcome = await call.then(
    () => 'done',
    (error: unknown) => Object.entries(errors).find(([, one]) => one === error)?.[0],
  );
  return { outcome, attempts };
}

describe('a call that is retried', () => {
  test.each<[Outcome, ...Outcome[]]>([
    ['maybe applied', 'maybe applied', 'not applied'],
    ['maybe applied', 'maybe applied', 'overloaded', 'not applied'],
    ['no answer', 'no answer', 'draining'],
    ['no answer', 'overloaded', 'no answer', 'not applied'],
    ['maybe applied', 'no answer', 'maybe applied'],
    ['not applied', 'not applied'],
    ['draining', 'overloaded', 'draining'],
    ['done', 'maybe applied', 'not applied', 'done'],
    ['no session', 'maybe applied', 'no session'],
  ])('and is idempotent ends as %j after %j', async (expected, ...outcomes) => {
    expect((await outcomeOf('invalidateSession', outcomes)).outcome).toBe(expected);
  });

  test.each<[Outcome, number, ...Outcome[]]>([
    ['maybe applied', 1, 'maybe applied', 'done'],
    ['no answer', 1, 'no answer', 'done'],
    ['maybe applied', 3, 'not applied', 'overloaded', 'maybe applied'],
    ['done', 3, 'not applied', 'draining', 'done'],
  ])('and is not idempotent ends as %j after %i attempts', async (outcome, attempts, ...outcomes) => {
    expect(await outcomeOf('updateSession', outcomes)).toEqual({ outcome, attempts });
  });
});
