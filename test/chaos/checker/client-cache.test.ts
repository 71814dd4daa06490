import { describe, test } from '@jest/globals';
import type { Call } from '../history';
import { expectBreach, Story } from './fixture';

describe('the checker rejects a history in which a client cache', () => {
  const bySession: Call = { kind: 'read', through: 'session' };
  const shows = (version: number, log: string[]) => ({ version, state: { log, count: 0, registers: {} } });

  test('returns a session that changed more than a second ago', () => {
    expectBreach(
      (s) => s.update('1', 100, { version: 2 }).call('r', 1000, bySession, shows(1, ['s'])),
      (s) => s.call('r2', 1300, bySession, shows(1, ['s'])),
      'no acknowledged change is lost',
      new Story({ clientCache: true }),
    );
  });

  test('returns a session as it was before its own change', () => {
    const transform: Call = { kind: 'update', through: 'session', writes: [] };
    expectBreach(
      (s) => s.call('1', 100, transform, { version: 2 }).call('r', 200, bySession, shows(2, ['s', '1'])),
      (s) => s.call('r2', 300, bySession, shows(1, ['s'])),
      'no acknowledged change is lost',
      new Story({ clientCache: true }),
    );
  });

  test('accepts a token that was invalidated more than a second ago', () => {
    expectBreach(
      (s) => s.call('i', 100, { kind: 'invalidate' }).call('r', 1000, bySession, shows(1, ['s'])),
      (s) => s.call('r2', 1300, bySession, shows(1, ['s'])),
      'old tokens are dead',
      new Story({ clientCache: true }),
    );
  });
});
