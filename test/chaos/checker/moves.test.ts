import { describe, test } from '@jest/globals';
import type { Story } from './fixture';
import { expectBreach, maybe, notFound } from './fixture';

const survives = 'no session survives the end of its subject';

describe('the checker rejects a history in which a session that has moved to another subject', () => {
  test('survives the end of that', () => {
    expectBreach(
      (s) =>
        s.login('l', 100, 2).move('m', 200, 'v', { version: 3 }).revoke('e', 300, undefined, { status: 'ok' }, 'v'),
      (s) => s.update('1', 400, { version: 4 }),
      survives,
    );
  });

  test('survives the end of it, though it was there before', () => {
    expectBreach(
      (s) =>
        s
          .login('l', 100, 2)
          .move('m', 200, 'v', { version: 3 })
          .revoke('e', 300)
          .move('n', 400, 'u', { version: 4 })
          .revoke('e2', 500),
      (s) => s.update('1', 600, { version: 5 }),
      survives,
    );
  });

  test('ends with the subject that it has left', () => {
    expectBreach(
      (s) => s.login('l', 100, 2).move('m', 200, 'v', { version: 3 }).revoke('e', 205).update('1', 300, notFound),
      (s) => s.operations.splice(3, 1, { ...s.operations[3]!, invoked: 220, completed: 230 }),
      'no session is lost',
    );
  });

  test('is still listed where it was', () => {
    expectBreach(
      (s) => s.login('l', 100, 2).move('m', 200, 'v', { version: 3 }).list('q', 205, ['h']).list('q2', 300, []),
      (s) => s.list('q3', 400, ['h']),
      'a list shows only sessions of its subject',
    );
  });

  test('is not listed where it is', () => {
    expectBreach(
      (s) =>
        s.login('l', 100, 2).move('m', 200, 'v', { version: 3 }).list('q', 205, [], 'v').list('q2', 300, ['h'], 'v'),
      (s) => s.list('q3', 400, [], 'v').update('1', 500, { version: 4 }),
      'a list misses no session',
    );
  });

  test('has no subject any more, and is listed', () => {
    expectBreach(
      (s) => s.login('l', 100, 2).move('m', 200, '', maybe()).list('q', 300, ['h']),
      (s) => s.move('n', 400, '', { version: 4 }).list('q2', 500, ['h']),
      'a list shows only sessions of its subject',
    );
  });

  test('is found by a token whose grace has ended with that', () => {
    expectBreach(
      (s) => s.replace('g', 100, 2, 5000).move('m', 200, 'v', { version: 3 }).withToken('s').update('1', 300, notFound),
      (s) => s.update('2', 400, { version: 4 }),
      'old tokens are dead',
    );
  });

  test('got its new token with another subject than its event says', () => {
    const told = (s: Story, version: number, subject: string): Story => {
      s.watched.splice(0, 1, {
        ...{ name: 'w', since: 50, until: 1000, restarts: [] },
        events: [{ type: 'regenerated', handle: 'h', subject, version, time: 1, at: 250 }],
      });
      return s;
    };
    expectBreach(
      (s) => told(s.move('m', 20, 'v', { version: 2 }).login('l', 100, 3), 3, 'u'),
      (s) => told(s, 3, 'v'),
      'no event is invented',
    );
  });
});

describe('the checker excuses', () => {
  test('a session that leaves its subject while that is ended, but none that has left it', () => {
    expectBreach(
      (s) => s.login('l', 100, 2).move('m', 200, 'v', { version: 3 }).revoke('e', 205).update('1', 300, { version: 4 }),
      (s) => s.revoke('e2', 400).update('2', 500, notFound),
      'no session is lost',
    );
  });
});
