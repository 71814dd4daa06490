import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareIds, fromCursor, toCursor } from '../../../../server/src/session/events/position';

const times = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const ids = fc.record({ ms: times, seq: fc.integer({ min: 0, max: 0xffff }) });
const logs = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('hex'));

describe('a cursor', () => {
  test('is the position again', () => {
    const positions = fc.record({ log: logs, time: times, ids: fc.array(ids, { minLength: 16, maxLength: 16 }) });
    fc.assert(
      fc.property(positions, (position) => {
        const cursor = toCursor(position);
        expect(fromCursor(cursor, 16)).toEqual(position);
        expect(cursor).toMatch(/^[\w-]{1,256}$/);
      }),
    );
  });

  test('of another number of partitions is none, nor is any other text', () => {
    const cursor = toCursor({ log: '00'.repeat(8), time: 1, ids: [{ ms: 1, seq: 0 }] });
    expect(fromCursor(cursor, 1)).toBeDefined();
    for (const [text, partitions] of [
      [cursor, 16],
      [`${cursor}A`, 1],
      [cursor.slice(0, -1), 1],
      [`${cursor} `, 1],
      ['', 0],
      ['', 1],
    ] as const) {
      expect(fromCursor(text, partitions)).toBeUndefined();
    }
  });
});

test('ids are ordered by time, then by number', () => {
  const sorted = [
    { ms: 1, seq: 5 },
    { ms: 2, seq: 0 },
    { ms: 2, seq: 1 },
  ];
  expect(sorted.toReversed().sort(compareIds)).toEqual(sorted);
});
