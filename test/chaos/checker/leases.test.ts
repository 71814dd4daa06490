import { describe, test } from '@jest/globals';
import type { Call, Operation, Outcome } from '../history';
import { expectBreach, refused } from './fixture';
import type { Story } from './fixture';

const acquire = (s: Story, id: string, at: number, fence: number, leaseMs = 500): Story =>
  s.call(id, at, { kind: 'acquire', leaseMs }, { fence });
const release = (s: Story, id: string, at: number, lease: string): Story => s.call(id, at, { kind: 'release', lease });
const save = (
  s: Story,
  id: string,
  at: number,
  lease: string,
  outcome: Outcome = { status: 'ok' },
  more: Partial<Operation> = {},
): Story => s.call(id, at, { kind: 'update', through: 'api', writes: [{ kind: 'locked' }], lease }, outcome, more);
const held = refused('LEASE_HELD');
const lost = refused('LEASE_LOST');

describe('the checker rejects a history in which a lease', () => {
  test('has two holders', () => {
    expectBreach(
      (s) => acquire(release(acquire(s, 'a', 100, 1), 'r', 200, 'a'), 'b', 300, 2),
      (s) => acquire(s, 'c', 400, 3),
      'a lease has one holder',
    );
  });

  test('is held while withLock() saves', () => {
    const lock: Call = { kind: 'update', through: 'lock', writes: [{ kind: 'locked' }], leaseMs: 500 };
    expectBreach(
      (s) => acquire(s.call('l', 100, lock, { version: 2 }), 'a', 200, 1),
      (s) => s.call('l2', 300, lock, { version: 3 }),
      'a lease has one holder',
    );
  });

  test('is lost after a failover, but only then', () => {
    expectBreach(
      (s) =>
        acquire(
          acquire(s, 'a', 100, 1).fault({
            ...{ injected: 150, possible: 180, loss: { what: 'recent', from: 150, until: 180 } },
          }),
          'b',
          300,
          2,
        ),
      (s) => s.faults.splice(0),
      'a lease has one holder',
    );
  });

  test('lets two holders overwrite each other', () => {
    const seen = (locked: string[]) => ({ locked });
    expectBreach(
      (s) =>
        save(acquire(s, 'a', 100, 1, 300), 'w', 200, 'a', { status: 'ok', version: 2 }).read(
          'r',
          250,
          2,
          ['s', 'w'],
          {},
          seen(['w']),
        ),
      (s) =>
        save(acquire(s, 'b', 500, 2), 'x', 600, 'b', { status: 'ok', version: 3 }).read(
          'r2',
          700,
          3,
          ['s', 'w', 'x'],
          {},
          seen(['x']),
        ),
      'reads show whole changes',
    );
  });

  test('has a smaller fence than an earlier one', () => {
    expectBreach(
      (s) => acquire(acquire(s, 'a', 100, 5), 'b', 700, 6),
      (s) => acquire(s, 'c', 1300, 4),
      'fences grow',
    );
  });

  test('does not end by itself', () => {
    expectBreach(
      (s) => acquire(acquire(s, 'a', 100, 1), 'b', 600, 2, 100).call('c', 650, { kind: 'acquire', leaseMs: 100 }, held),
      (s) => s.call('d', 900, { kind: 'acquire', leaseMs: 100 }, held),
      'a lease ends by time',
    );
  });

  test('is held by others after it was released', () => {
    expectBreach(
      (s) =>
        release(acquire(s, 'a', 100, 1, 5000), 'r', 200, 'a').call('b', 205, { kind: 'acquire', leaseMs: 100 }, held),
      (s) => s.call('c', 300, { kind: 'acquire', leaseMs: 100 }, held),
      'a lease ends by time',
    );
  });
});

describe('the checker rejects a history in which a holder', () => {
  const late = 'a late holder saves nothing';

  test('saves after its lease has ended', () => {
    expectBreach(
      (s) => save(save(acquire(s, 'a', 100, 1, 300), 'w', 200, 'a', { status: 'ok', version: 2 }), 'x', 600, 'a', lost),
      (s) => save(s, 'y', 700, 'a', { status: 'ok', version: 3 }),
      late,
    );
  });

  test('saves although another one has followed', () => {
    expectBreach(
      (s) => acquire(acquire(s, 'a', 100, 1, 200), 'b', 310, 2),
      (s) => save(s, 'w', 325, 'a', { status: 'ok', version: 2 }),
      late,
    );
  });

  test('saves after it has released the lease', () => {
    expectBreach(
      (s) => save(release(acquire(s, 'a', 100, 1), 'r', 200, 'a'), 'w', 300, 'a', lost),
      (s) => save(s, 'x', 400, 'a', { status: 'ok', version: 2 }),
      late,
    );
  });

  test('cannot save during its lease', () => {
    expectBreach(
      (s) => save(acquire(s, 'a', 100, 1, 300), 'w', 500, 'a', lost),
      (s) => save(s, 'x', 200, 'a', lost),
      'a lease lasts as long as it was asked for',
    );
  });
});
