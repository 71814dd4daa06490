import { describe, test } from '@jest/globals';
import { expectBreach, notFound, refused, Story } from './fixture';

describe('the checker rejects a history in which a session', () => {
  test('survives an end by age', () => {
    expectBreach(
      (s) => s.revokeOlder('e', 1000, 1000).update('1', 1100, { version: 2 }).revokeOlder('e2', 1200, 500),
      (s) => s.update('2', 1300, { version: 3 }),
      'no session survives an end by age',
    );
  });

  test('is found by a near cache more than a second after an end by age', () => {
    const reads = (s: Story, at: number) => s.read(`r${at}`, at, 1, ['s'], { sidecar: 'b' });
    expectBreach(
      (s) => reads(s.revokeOlder('e', 1000, 500), 2000),
      (s) => reads(s, 2100),
      'no session survives an end by age',
      new Story({ nearCache: true }),
    );
  });

  test('ends although it was too young', () => {
    expectBreach(
      (s) => s.revokeOlder('e', 1000, 1005).update('1', 1100, notFound),
      (s) => s.operations.splice(1, 1, { ...s.operations[1]!, call: { kind: 'revokeOlder', olderThanMs: 1100 } }),
      'no session is lost',
    );
  });

  test('is listed after an end by age', () => {
    expectBreach(
      (s) => s.login('l', 100, 2).list('q', 200, ['h']).revokeOlder('e', 1000, 500),
      (s) => s.list('q2', 1100, ['h']),
      'a list shows no session that has ended',
    );
  });
});

const limited = (action: 'end-oldest' | 'refuse'): Story => new Story({ subjectLimit: { max: 2, action } });
const later = (s: Story, name: string, at: number): Story =>
  s.update(`${name}-${at}`, at, { version: 2 }, { session: name, token: name });

describe('the checker rejects a history in which a subject with a limit', () => {
  test('has more sessions', () => {
    expectBreach(
      (s) => later(later(s.other('x', 100).other('y', 200).other('z', 300), 'y', 400), 'z', 400),
      (s) => later(s, 'x', 500),
      'no subject has more sessions than it may have',
      limited('end-oldest'),
    );
  });

  test('loses a session although it has room', () => {
    const missing = (s: Story) => s.update('1', 400, notFound, { session: 'x', token: 'x' });
    expectBreach(
      (s) => missing(s.other('x', 100).other('y', 200).other('z', 300)),
      (s) => s.operations.splice(2, 1),
      'no session is lost',
      limited('end-oldest'),
    );
  });

  test('is refused a login although it has room', () => {
    const full = refused('TOO_MANY_SESSIONS');
    expectBreach(
      (s) => s.other('x', 100).other('y', 200).other('z', 300, 'u', full),
      (s) => s.other('z', 400, 'v', full),
      'a login is refused only at the limit',
      limited('refuse'),
    );
  });

  test('is refused a login although it should end another session', () => {
    const full = refused('TOO_MANY_SESSIONS');
    expectBreach(
      (s) => s.other('x', 100).other('y', 200),
      (s) => s.other('z', 300, 'u', full),
      'every failure is documented',
      limited('end-oldest'),
    );
  });
});

describe('the checker rejects a history in which callers', () => {
  test('cannot make changes after a fault, though operators can', () => {
    const calls = (s: Story): Story => {
      for (let at = 1000; at < 3000; at += 100) s.update(`u${at}`, at, refused());
      return s;
    };
    expectBreach(
      (s) => s.fault({ injected: 900, possible: 1000, sidecars: ['a'] }).revokeOlder('e', 2500, 5000),
      (s) => calls(s.revokeOlder('e2', 1050, 5000)).update('1', 3000, { version: 2 }),
      'calls succeed within a second of becoming possible',
    );
  });
});
