import { describe, test } from '@jest/globals';
import { expectBreach, maybe, notFound, Story } from './fixture';

const survives = 'no session survives the end of its subject';

describe('the checker rejects a history in which all sessions of a subject were ended, and one', () => {
  test('is found', () => {
    expectBreach(
      (s) => s.login('l', 100, 2).revoke('e', 200).update('1', 205, { version: 3 }).update('2', 300, notFound),
      (s) => {
        s.operations.splice(3, 2);
        s.update('3', 400, { version: 3 });
      },
      survives,
    );
  });

  test('is found by a near cache more than a second later', () => {
    const reads = (s: Story, at: number) => s.read(`r${at}`, at, 2, ['s', 'l'], { sidecar: 'b' });
    expectBreach(
      (s) => reads(s.login('l', 100, 2).revoke('e', 200), 1200),
      (s) => reads(s, 1300),
      survives,
      new Story({ nearCache: true }),
    );
  });

  test('goes on although its token, which was to be spared, had been replaced', () => {
    expectBreach(
      (s) => s.login('l', 100, 2).revoke('e', 200, 'l').update('1', 300, { version: 3 }),
      (s) => s.replace('g', 400, 4, 5000).revoke('e2', 500, 'l').update('2', 600, { version: 5 }),
      survives,
    );
  });

  test('is listed', () => {
    expectBreach(
      (s) => s.login('l', 100, 2).revoke('e', 200).list('q', 205, ['h']).list('q2', 300, []),
      (s) => s.list('q3', 400, ['h']),
      survives,
    );
  });

  test('is listed, although its login was given up before', () => {
    expectBreach(
      (s) => s.call('l', 100, { kind: 'regenerate', subject: 'u' }, maybe()).list('q', 200, ['h']).revoke('e', 300),
      (s) => s.list('q2', 400, ['h']),
      survives,
    );
  });

  test('appears whose creation was given up before', () => {
    const give = (s: Story, id: string, at: number) =>
      s.call(id, at, { kind: 'create', subject: 'u' }, maybe(), { session: id, token: id });
    expectBreach(
      (s) => give(give(s, 'c', 100).revoke('e', 300), 'c2', 400).list('q', 500, ['h2']),
      (s) => s.list('q2', 600, ['h2', 'h3']),
      survives,
    );
  });
});

describe('the checker rejects a list that', () => {
  test('shows a session that has ended', () => {
    expectBreach(
      (s) => s.login('l', 100, 2).list('q', 200, ['h']).call('i', 300, { kind: 'invalidate' }).list('q2', 305, ['h']),
      (s) => s.list('q3', 400, ['h']),
      'a list shows no session that has ended',
    );
  });

  test('shows the session of another subject', () => {
    expectBreach(
      (s) => s.login('l', 100, 2).list('q', 200, ['h']).list('q2', 200, [], 'v'),
      (s) => s.list('q3', 300, ['h'], 'v'),
      'a list shows only sessions of its subject',
    );
  });

  test('misses a session that lives', () => {
    expectBreach(
      (s) => s.login('l', 100, 2).list('q', 105, []).list('q2', 200, ['h']).update('1', 300, { version: 3 }),
      (s) => s.list('q3', 250, []),
      'a list misses no session',
    );
  });
});

describe('the checker excuses', () => {
  const failover = { injected: 150, possible: 180, loss: { what: 'recent', from: 150, until: 180 } } as const;

  test('a session that a failover brings back, but only if it began before', () => {
    expectBreach(
      (s) => s.fault(failover).login('l', 100, 2).revoke('e', 160).update('1', 300, { version: 3 }),
      (s) => s.faults.splice(0, 1, { ...s.faults[0]!, loss: { what: 'recent', from: 50, until: 60 } }),
      survives,
    );
  });

  test('a missing session whose subject was ended, but not if it was spared', () => {
    expectBreach(
      (s) => s.login('l', 100, 2).revoke('e', 200, undefined, maybe()).update('1', 300, notFound),
      (s) => s.operations.splice(2, 1, { ...s.operations[2]!, call: { kind: 'revoke', subject: 'u', except: 'l' } }),
      'no session is lost',
    );
  });
});
