import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Outbox } from '../../../../../client/src/transport/pipeline/outbox';

interface Call {
  readonly id: number;
  readonly bytes: number;
}

const call = (id: number, bytes = 100): Call => ({ id, bytes });
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** An outbox that sends all it has, and the ids in what it sent. */
function start(): { outbox: Outbox<Call>; departures: number[][] } {
  const departures: number[][] = [];
  const outbox = new Outbox<Call>(() => {
    const left = outbox.takeAll();
    if (left.length > 0) departures.push(left.map(({ id }) => id));
  });
  return { outbox, departures };
}

describe('calls leave', () => {
  test('with all calls that promises make in the same tick, when no other is in flight', async () => {
    const { outbox, departures } = start();
    outbox.add(call(1), 1);
    for (const _ of range(10)) await Promise.resolve();
    outbox.add(call(2), 2);
    await new Promise((resolve) => process.nextTick(resolve));
    expect(departures).toEqual([[1, 2]]);
  });

  test('at the end of the turn of the event loop while others are in flight', async () => {
    const { outbox, departures } = start();
    outbox.add(call(1), 7);
    await new Promise((resolve) => process.nextTick(resolve));
    outbox.add(call(2), 8);
    expect(departures).toEqual([]);
    await turn();
    expect(departures).toEqual([[1, 2]]);
  });

  test('when all callers have handled the replies that arrived, and not later', async () => {
    const { outbox, departures } = start();
    const looking = range(5).map(async (steps) => {
      for (const _ of range(steps * 3)) await Promise.resolve();
      outbox.add(call(steps), 100);
    });
    outbox.flushAfterReplies();
    await Promise.all(looking);
    expect(departures).toEqual([]);
    await new Promise((resolve) => process.nextTick(resolve));
    expect(departures).toEqual([[0, 1, 2, 3, 4]]);
  });

  test('with the replies when those come before the end of the turn', async () => {
    const { outbox, departures } = start();
    outbox.add(call(1), 7);
    outbox.flushAfterReplies();
    await Promise.resolve();
    await new Promise((resolve) => process.nextTick(resolve));
    expect(departures).toEqual([[1]]);
    outbox.add(call(2), 7);
    await turn();
    await turn();
    expect(departures).toEqual([[1], [2]]);
  });
});

describe('a frame', () => {
  const framesOf = (calls: readonly Call[], inFlight: number): Call[][] => {
    const outbox = new Outbox<Call>(() => undefined);
    for (const each of calls) outbox.add(each, inFlight);
    const frames: Call[][] = [];
    while (outbox.size > 0) frames.push(outbox.takeFrame(inFlight));
    expect(outbox.takeFrame(inFlight)).toEqual([]);
    return frames;
  };

  test.each([
    { waiting: 8, inFlight: 8, sizes: [8] },
    { waiting: 16, inFlight: 16, sizes: [8, 8] },
    { waiting: 64, inFlight: 64, sizes: [32, 32] },
    { waiting: 35, inFlight: 64, sizes: [35] },
    { waiting: 50, inFlight: 64, sizes: [25, 25] },
    { waiting: 3, inFlight: 500, sizes: [3] },
    { waiting: 256, inFlight: 256, sizes: [32, 32, 32, 32, 32, 32, 32, 32] },
  ])('of $waiting calls with $inFlight in flight has half of them, but not too few', ({ waiting, inFlight, sizes }) => {
    expect(
      framesOf(
        range(waiting).map((id) => call(id)),
        inFlight,
      ).map((frame) => frame.length),
    ).toEqual(sizes);
  });

  test('is never empty or large, and all frames together have every call once, in order', () => {
    const bytes = fc.oneof(fc.nat(1000), fc.integer({ min: 100_000, max: 3_000_000 }));
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 600 }), fc.nat(600), (all, others) => {
        const calls = all.map((size, id) => call(id, size));
        const frames = framesOf(calls, calls.length + others);
        expect(frames.flat()).toEqual(calls);
        for (const frame of frames) {
          expect(frame.length).toBeGreaterThan(0);
          expect(frame.length).toBeLessThanOrEqual(48);
          const total = frame.reduce((sum, each) => sum + each.bytes, 0);
          expect(frame.length === 1 || total <= 1024 * 1024).toBe(true);
        }
      }),
    );
  });
});
