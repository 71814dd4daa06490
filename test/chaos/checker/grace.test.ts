import { describe, test } from '@jest/globals';
import type { Call } from '../history';
import { expectBreach, notFound } from './fixture';

const read: Call = { kind: 'getCsrf' };

describe('the checker rejects a history in which a replaced token', () => {
  test('works after its grace', () => {
    expectBreach(
      (s) => s.replace('g', 100, 2, 500).withToken('s').update('1', 300, { version: 3 }).update('2', 900, notFound),
      (s) => {
        s.operations.splice(3, 1);
        s.update('3', 700, { version: 4 });
      },
      'old tokens are dead',
    );
  });

  test('does not work during its grace', () => {
    expectBreach(
      (s) => s.replace('g', 100, 2, 500).withToken('s').call('1', 700, read, notFound),
      (s) => s.call('2', 300, read, notFound),
      'no session is lost',
    );
  });

  test('works after another replacement, which ends its grace', () => {
    expectBreach(
      (s) => s.replace('g', 100, 2, 5000).replace('g2', 200, 3).withToken('s').call('1', 300, read, notFound),
      (s) => {
        s.operations.splice(3, 1);
        s.update('2', 400, { version: 4 });
      },
      'old tokens are dead',
    );
  });

  test('replaces the present one', () => {
    expectBreach(
      (s) => s.replace('g', 100, 2, 5000).withToken('s').call('h', 200, { kind: 'regenerate' }, notFound),
      (s) => s.replace('i', 300, 3),
      'a replaced token replaces nothing',
    );
  });

  test('has a grace at a login', () => {
    const refused = { status: 'failed', code: 'INVALID_ARGUMENT', maybeApplied: false } as const;
    expectBreach(
      (s) => s.call('g', 100, { kind: 'regenerate', subject: 'u', graceMs: 500 }, refused).login('l', 200, 2),
      (s) => s.login('m', 300, 3, { graceMs: 500 }),
      'there is no grace at a login',
    );
  });
});

describe('the checker rejects a save with onConflict: fail that', () => {
  test('overwrites the change of another', () => {
    const save: Call = { kind: 'update', through: 'session', writes: [], onConflict: 'fail' };
    expectBreach(
      (s) => s.update('1', 100, { version: 2 }).call('f', 200, save, { version: 3 }).read('r', 300, 3, ['s', '1', 'f']),
      (s) => s.read('r2', 400, 3, ['s', 'f']),
      'no acknowledged change is lost',
    );
  });
});
