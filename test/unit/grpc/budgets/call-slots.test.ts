import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { CallSlots } from '../../../../server/src/grpc/budgets/call-slots';
import type { Lane, Seats } from '../../../../server/src/grpc/budgets/call-slots';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A lane with calls that wait for places. */
class TestLane implements Lane {
  waiting = 0;
  onStart = (): void => {};

  constructor(
    readonly name: string,
    readonly slots: CallSlots,
    readonly started: string[],
    readonly seats: Seats = { inFlight: 0, finishTag: 0, lanes: [] },
  ) {}

  /** Takes as many places as it gets, and waits for the others. */
  want(calls: number): this {
    for (let call = 0; call < calls; call++) {
      if (this.waiting === 0 && this.slots.acquire(this)) this.started.push(this.name);
      else this.waiting += 1;
    }
    if (this.waiting > 0) this.slots.wait(this);
    return this;
  }

  startNext(): void {
    if (this.waiting === 0 || !this.slots.acquire(this)) return;
    this.waiting -= 1;
    this.started.push(this.name);
    this.onStart();
    if (this.waiting > 0) this.slots.wait(this);
  }
}

/** Has one connection take all places, those of the reserve excepted. */
async function full(limit: number): Promise<{ slots: CallSlots; started: string[]; holder: TestLane }> {
  const slots = new CallSlots(limit);
  const started: string[] = [];
  const holder = new TestLane('holder', slots, started).want(limit);
  while (slots.inFlight < limit) await nextTurn();
  expect(started).toHaveLength(limit);
  started.length = 0;
  return { slots, started, holder };
}

/** The clock, which stands still: a turn of the event loop takes no time unless a test says so. */
let now: jest.SpiedFunction<typeof performance.now>;

beforeEach(() => {
  now = jest.spyOn(performance, 'now').mockReturnValue(0);
});

afterEach(() => {
  now.mockRestore();
});

describe('call slots', () => {
  test('are limited for one client, however many it requests', async () => {
    const { slots, holder } = await full(200);
    holder.want(500);
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    expect(slots.inFlight).toBe(200);
  });

  test('are reserved for clients that hold few, up to a second limit', async () => {
    const { slots, started } = await full(200);
    const newcomers = Array.from({ length: 10 }, (_, n) => new TestLane(`newcomer ${n}`, slots, started));
    for (const newcomer of newcomers) newcomer.want(1);
    expect(started).toHaveLength(10);
    const crowd = Array.from({ length: 100 }, (_, n) => new TestLane(`crowd ${n}`, slots, started).want(16));
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    expect(slots.inFlight).toBe(225);
    expect(crowd.some(({ waiting }) => waiting > 0)).toBe(true);
  });

  test('go, when released, to connections in turn, and to the lanes of one in turn', async () => {
    const { slots, started, holder } = await full(200);
    // Connections that hold many, so that the reserve is not for them.
    const seats = () => ({ inFlight: 100, finishTag: 0, lanes: [] });
    const shared = seats();
    const lanes = [
      new TestLane('a1', slots, started, shared),
      new TestLane('a2', slots, started, shared),
      new TestLane('b', slots, started, seats()),
    ];
    for (const lane of lanes) lane.want(100);
    for (let call = 0; call < 8; call++) slots.release(holder, 0);
    expect(started).toEqual(['a1', 'b', 'a2', 'b', 'a1', 'b', 'a2', 'b']);
  });

  test('go, when released, to the connection whose calls took the least time to start', async () => {
    const { slots, started, holder } = await full(200);
    const costs: Readonly<Record<string, number>> = { costly: 3, cheap: 1 };
    const lanes = Object.keys(costs).map(
      (name) => new TestLane(name, slots, started, { inFlight: 100, finishTag: 0, lanes: [] }),
    );
    for (const lane of lanes) {
      lane.want(100);
      lane.onStart = () => {
        slots.start(lane, () => now.mockReturnValue(performance.now() + costs[lane.name]!));
      };
    }
    for (let call = 0; call < 8; call++) {
      slots.release(holder, 0);
      now.mockReturnValue(0);
    }
    expect(started).toEqual(['costly', 'cheap', 'cheap', 'cheap', 'costly', 'cheap', 'cheap', 'cheap']);
  });

  test('are not owed to a connection that did not request any for a while', async () => {
    const { slots, started, holder } = await full(200);
    const busy = new TestLane('busy', slots, started, { inFlight: 100, finishTag: 0, lanes: [] });
    const late = new TestLane('late', slots, started, { inFlight: 100, finishTag: 0, lanes: [] });
    for (const lane of [busy, late]) {
      lane.onStart = () => {
        slots.start(lane, () => now.mockReturnValue(performance.now() + 1));
      };
    }
    busy.want(100);
    for (let call = 0; call < 10; call++) {
      slots.release(holder, 0);
      now.mockReturnValue(0);
    }
    late.want(100);
    started.length = 0;
    for (let call = 0; call < 4; call++) {
      slots.release(holder, 0);
      now.mockReturnValue(0);
    }
    expect(started).toEqual(['late', 'busy', 'late', 'busy']);
  });

  test('are passed on by thousands of lanes that cannot use them, without a stack overflow', async () => {
    const { slots, started, holder } = await full(200);
    const busy = { inFlight: 100, finishTag: 0, lanes: [] };
    for (let lane = 0; lane < 20_000; lane++) slots.wait({ seats: busy, startNext: () => undefined });
    const last = new TestLane('last', slots, started, { inFlight: 100, finishTag: 0, lanes: [] }).want(1);
    slots.release(holder, 0);
    expect(started).toEqual(['last']);
    expect(last.waiting).toBe(0);
  });

  test('go to no lane that was forgotten', async () => {
    const { slots, started, holder } = await full(200);
    const gone = new TestLane('gone', slots, started, { inFlight: 100, finishTag: 0, lanes: [] }).want(1);
    slots.forget(gone);
    slots.release(holder, 0);
    expect(started).toEqual([]);
  });

  test('are acquired by few further calls in one turn of the event loop', async () => {
    const slots = new CallSlots(1000);
    const started: string[] = [];
    new TestLane('lane', slots, started).want(1000);
    expect(started.length).toBeLessThan(200);
    while (started.length < 1000) await nextTurn();
  });
});
