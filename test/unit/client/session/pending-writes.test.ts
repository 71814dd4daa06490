import { describe, expect, test } from '@jest/globals';
import { PendingWrites } from '../../../../client/src/session/pending-writes';
import type { PendingWrite } from '../../../../client/src/session/pending-writes';

const set: PendingWrite = { kind: 'set' };
const kindsOf = (writes: PendingWrites) => [...writes].map(([key, { kind }]) => [key, kind]);

describe('delete()', () => {
  test('is recorded for a key that the sidecar has or may have, and forgets the write of any other', () => {
    const writes = new PendingWrites(() => ['stored']);
    writes.markMaybeStored('sent');
    for (const key of ['sent', 'unsent']) writes.record(key, set);
    for (const key of ['stored', 'sent', 'unsent']) writes.delete(key);
    expect(kindsOf(writes)).toEqual([
      ['sent', 'delete'],
      ['stored', 'delete'],
    ]);
  });

  test('is not recorded after clear(), which removes every key', () => {
    const writes = new PendingWrites(() => ['stored']);
    writes.clear();
    writes.delete('stored');
    expect(kindsOf(writes)).toEqual([]);
    expect(writes.affects('stored')).toBe(true);
  });
});

describe('areEmptyFor()', () => {
  test.each(['create', 'update'] as const)('is false for %s after a write', (save) => {
    const writes = new PendingWrites(() => []);
    writes.record('key', set);
    expect(writes.areEmptyFor(save)).toBe(false);
  });

  test('counts removals for an update only', () => {
    const removed = new PendingWrites(() => ['key']);
    removed.delete('key');
    const cleared = new PendingWrites(() => ['key']);
    cleared.clear();
    for (const writes of [removed, cleared]) {
      expect([writes.areEmptyFor('create'), writes.areEmptyFor('update')]).toEqual([true, false]);
    }
  });
});

describe('settle()', () => {
  test('forgets the write that was applied, and keeps a later one', () => {
    const writes = new PendingWrites(() => []);
    const [applied, later]: PendingWrite[] = [{ kind: 'set' }, { kind: 'set' }];
    writes.record('a', applied!);
    writes.record('b', later!);
    writes.settle('a', applied!);
    writes.settle('b', applied!);
    expect(kindsOf(writes)).toEqual([['b', 'set']]);
  });

  test('keeps a clear() that came later', () => {
    const writes = new PendingWrites(() => []);
    writes.clear();
    const applied = writes.cleared!;
    writes.clear();
    writes.settleClear(applied);
    expect(writes.cleared).toBeDefined();
    writes.settleClear(writes.cleared!);
    expect(writes.cleared).toBeUndefined();
  });
});
