import { describe, expect, test } from '@jest/globals';
import { mergePartitions } from '../../../../server/src/session/events/batches';
import type { SessionEvent } from '../../../../server/src/session/events/session-event';

const entry = (ms: number, seq = 0) => ({
  id: { ms, seq },
  event: { handle: `${ms}-${seq}` } as SessionEvent,
});
const none = { entries: [], isPartial: false };
const after = {
  log: 'log',
  time: 100,
  ids: [
    { ms: 50, seq: 0 },
    { ms: 90, seq: 3 },
  ],
};

describe('the events of several partitions', () => {
  const reads = [
    { entries: [entry(110), entry(130)], isPartial: false },
    { entries: [entry(120), entry(120, 1)], isPartial: false },
  ];

  test('come by the time when they were recorded, each with the position after it', () => {
    const { events } = mergePartitions(after, reads, 200);
    expect(events.map(({ event }) => event.handle)).toEqual(['110-0', '120-0', '120-1', '130-0']);
    expect(events.map(({ position }) => position.ids.map(({ ms, seq }) => `${ms}-${seq}`).join(' '))).toEqual([
      '110-0 90-3',
      '110-0 120-0',
      '110-0 120-1',
      '130-0 120-1',
    ]);
  });

  test('end where all partitions were read to their ends', () => {
    expect(mergePartitions(after, reads, 200)).toMatchObject({
      position: { time: 200, ids: [{ ms: 130 }, { ms: 120, seq: 1 }] },
      isPartial: false,
    });
    expect(mergePartitions(after, [none, none], 200).position).toEqual({ ...after, time: 200 });
  });

  test('end at the last event of a partition that has more', () => {
    const partial = [reads[0]!, { ...reads[1]!, isPartial: true }];
    expect(mergePartitions(after, partial, 200)).toMatchObject({ position: { time: 120 }, isPartial: true });
  });

  test('never go back', () => {
    const old = [none, { entries: [entry(95)], isPartial: true }];
    expect(mergePartitions(after, old, 200).position.time).toBe(100);
  });
});
