import type { RawClient } from '../../support/raw-grpc';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mutation } from '../../support/raw-grpc';
import { describeBadInput, unsafe, invalid, marked, nameRule, queueRule } from './fixture';

const timeoutRule = 'Expected 1 second to 315576000 seconds in whole milliseconds, got';

describeBadInput('in versions, idle timeouts, subjects and queue names', (fixture) => {
  let raw: RawClient;
  let token: string;

  beforeEach(() => {
    ({ raw, token } = fixture);
  });
  const { refused, update, session } = fixture;

  describe('in idle timeouts', () => {
    const timeouts: Readonly<Record<string, [seconds: number, nanos: number, got: string]>> = {
      'of nothing': [0, 0, '0 seconds'],
      'below a second': [0, 999_000_000, '0.999 seconds'],
      'that is negative': [-5, 0, '-5 seconds'],
      'with a fraction of a millisecond': [1, 500_000, '1.0005 seconds'],
      'with a nanosecond too much': [1, 1, '1.000000001 seconds'],
      'of more than 10 years': [315_576_001, 0, '315576001 seconds'],
      'of ages': [Number.MAX_SAFE_INTEGER, 0, '9007199254740991 seconds'],
    };

    test.each(Object.entries(timeouts))('one %s is refused', async (_what, [seconds, nanos, got]) => {
      const idleExpiry = { $case: 'idleTimeout', value: { seconds, nanos } } as const;
      const description = `${timeoutRule} ${got}. For a session that does not expire by being idle, set no_idle_timeout.`;
      for (const method of ['createSession', 'updateSession'] as const) {
        const failure = await refused(() => raw.call(method, { token, idleExpiry }));
        expect(failure).toMatchObject(invalid({ idle_timeout: description }));
      }
    });

    test('one of more seconds than a number can hold is refused', async () => {
      const idleExpiry = { $case: 'idleTimeout', value: { seconds: unsafe(2n ** 62n), nanos: 0 } } as const;
      expect(await refused(() => raw.call('createSession', { idleExpiry }))).toMatchObject(invalid({}));
    });

    test('no_idle_timeout: false is refused', async () => {
      const idleExpiry = { $case: 'noIdleTimeout', value: false } as const;
      for (const method of ['createSession', 'updateSession'] as const) {
        const failure = await refused(() => raw.call(method, { token, idleExpiry }));
        expect(failure).toMatchObject(invalid({ no_idle_timeout: 'Expected true or nothing, got false.' }));
      }
    });

    test.each([
      ['1 second', 1, 0],
      ['1.001 seconds', 1, 1_000_000],
      ['10 years', 315_576_000, 0],
    ])('%s is taken', async (_what, seconds, nanos) => {
      const idleExpiry = { $case: 'idleTimeout', value: { seconds, nanos } } as const;
      const { session: created } = await raw.call('createSession', { idleExpiry });
      expect(created!.idleTimeout).toEqual({ seconds, nanos });
    });
  });

  describe('in versions', () => {
    test.each([0, -1, -5, Number.MIN_SAFE_INTEGER])('if_version %d is refused', async (ifVersion) => {
      const violations = { if_version: `Expected a version, 1 or more, got ${ifVersion}.` };
      const call = () => raw.call('updateSession', { token, mutations: [mutation.set('a', '1')], ifVersion });
      expect(await refused(call)).toMatchObject(invalid(violations));
    });

    test.each([2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)])(
      'if_version %d, which no session reaches, is refused',
      async (ifVersion) => {
        const call = () => raw.call('updateSession', { token, ifVersion: unsafe(ifVersion) });
        expect(await refused(call)).toMatchObject({ status: 'INVALID_ARGUMENT', reason: 'INVALID_ARGUMENT' });
      },
    );

    test('an if_version that is huge but valid does not match', async () => {
      const call = () =>
        raw.call('updateSession', { token, mutations: [mutation.set('a', '1')], ifVersion: Number.MAX_SAFE_INTEGER });
      expect(await refused(call)).toMatchObject({
        status: 'ABORTED',
        reason: 'VERSION_MISMATCH',
        metadata: { version: '1' },
      });
    });
  });

  describe('in subjects and queue names', () => {
    const subjects: [string, string][] = [
      [marked.padEnd(257, 'x'), '257 bytes'],
      [`${marked}\n`, 'a control character'],
    ];

    test.each(subjects)('the subject %j is refused', async (subject, got) => {
      expect(await refused(() => raw.call('createSession', { subject }))).toMatchObject(
        invalid({ subject: `${nameRule} ${got}.` }),
      );
      for (const method of ['updateSession', 'regenerateSession'] as const) {
        expect(await refused(() => raw.call(method, { token, subject }))).toMatchObject(
          invalid({ subject: `${queueRule} ${got}.` }),
        );
      }
    });

    test('an empty subject removes it in an update, and is refused in a creation', async () => {
      expect(await refused(() => raw.call('createSession', { subject: '' }))).toMatchObject(
        invalid({ subject: `${nameRule} 0 bytes.` }),
      );
      await raw.call('updateSession', { token, subject: 'ada' });
      await raw.call('updateSession', { token, subject: '' });
      expect((await session()).subject).toBeUndefined();
    });

    test.each(subjects)('the queue name %j is refused', async (queue, got) => {
      const violations = { queue: `${queueRule} ${got}.` };
      const message = Buffer.from('1');
      for (const method of ['pushFlash', 'popFlash', 'peekFlash'] as const) {
        expect(await refused(() => raw.call(method, { token, queue, message }))).toMatchObject(invalid(violations));
      }
      const inUpdate = { 'mutations[0].push_flash.queue': `${queueRule} ${got}.` };
      expect(await refused(() => update(mutation.pushFlash(queue, '1')))).toMatchObject(invalid(inUpdate));
      const inPop = { 'mutations[0].pop_flash.queue': `${queueRule} ${got}.` };
      expect(await refused(() => update(mutation.popFlash(queue)))).toMatchObject(invalid(inPop));
    });
  });
});
