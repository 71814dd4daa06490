import { describe, test } from '@jest/globals';
import type { Call } from '../history';
import { expectBreach, Story } from './fixture';

describe('the checker rejects a history in which a version', () => {
  test('follows a newer one', () => {
    expectBreach(
      (s) => s.update('1', 100, { version: 2 }).read('r', 105, 1, ['s']),
      (s) => s.read('r2', 200, 1, ['s', '1']),
      'versions only grow',
    );
  });

  test('belongs to two changes', () => {
    expectBreach(
      (s) => s.update('1', 100, { version: 2 }),
      (s) => s.update('2', 105, { version: 2 }),
      'each change has its version',
    );
  });

  test('exceeds the number of changes', () => {
    expectBreach(
      (s) => s.update('1', 100, { version: 2 }),
      (s) => s.read('r', 200, 3, ['s', '1']),
      'the version counts changes',
    );
  });

  test('differs from the if_version of a successful update', () => {
    const update: Call = { kind: 'update', through: 'api', writes: [], ifVersion: 1 };
    expectBreach(
      (s) => s.call('1', 100, update, { version: 2 }),
      (s) => s.call('2', 200, update, { version: 3 }),
      'if_version holds',
    );
  });

  test('from a near cache is more than a second old, or older than one its reader has seen', () => {
    expectBreach(
      (s) => s.update('1', 100, { version: 2 }).read('r', 1000, 1, ['s'], { sidecar: 'b' }),
      (s) => s.read('r2', 1300, 1, ['s'], { sidecar: 'b' }),
      'no acknowledged change is lost',
      new Story({ nearCache: true }),
    );
    expectBreach(
      (s) => s.update('1', 100, { version: 2 }).read('r', 200, 2, ['s', '1'], { sidecar: 'b' }),
      (s) => s.read('r2', 300, 1, ['s'], { sidecar: 'b' }),
      'versions only grow',
      new Story({ nearCache: true }),
    );
  });
});
