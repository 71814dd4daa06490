import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PipelinedCalls } from '../../../../server/src/grpc/pipeline/pipelined-calls';

interface Call {
  readonly id: number;
  readonly payload?: ArrayBuffer;
}

/** Ids with few and with many in the same slots. */
const id = fc.oneof(fc.nat({ max: 40 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }));

test('has what a Map has', () => {
  const step = fc.record({ kind: fc.constantFrom('add', 'delete', 'get'), id });
  fc.assert(
    fc.property(fc.uniqueArray(id, { maxLength: 40 }), fc.array(step, { maxLength: 200 }), (first, steps) => {
      const table = new PipelinedCalls<Call>();
      const model = new Map<number, Call>();
      const add = (call: Call): void => {
        table.add(call);
        model.set(call.id, call);
      };
      for (const one of first) add({ id: one });
      for (const { kind, id: one } of steps) {
        if (kind === 'delete') expect(table.delete(one)).toBe(model.delete(one));
        else if (kind === 'add' && !model.has(one)) add({ id: one });
        else expect(table.get(one)).toBe(model.get(one));
        expect(table.size).toBe(model.size);
      }
      expect(new Set(table.values())).toEqual(new Set(model.values()));
      for (const [key, call] of model) expect(table.get(key)).toBe(call);
      table.clear();
      expect([table.size, table.values(), ...first.map((one) => table.get(one))]).toEqual([
        0,
        [],
        ...first.map(() => undefined),
      ]);
    }),
  );
});

let gc: NodeJS.GCFunction;

beforeAll(() => {
  setFlagsFromString('--expose-gc');
  gc = runInNewContext('gc') as NodeJS.GCFunction;
});

test('empty tables give back the memory of many calls', () => {
  const used = (): number => {
    gc();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  const tables = Array.from({ length: 200 }, () => {
    const table = new PipelinedCalls<Call>();
    for (let one = 0; one < 1300; one += 1) table.add({ id: one });
    for (let one = 0; one < 1300; one += 1) table.delete(one);
    return table;
  });
  const bytesEach = (used() - before) / tables.length;
  expect(bytesEach).toBeLessThan(8 * 1024);
});

describe('after minor garbage collections', () => {
  const payloadBytes = 200_000;
  const inFlight = 4;
  const calls = 60;

  /** How many of the calls are still in memory. */
  async function left({ add, remove }: { add(call: Call): void; remove(id: number): void }): Promise<number> {
    const use = (from: number, count: number, bytes: number): void => {
      for (let each = from; each < from + count; each += 1) {
        add({ id: each, payload: new ArrayBuffer(bytes) });
        if (each >= inFlight) remove(each - inFlight);
        if (each % inFlight === 0) gc({ type: 'minor' });
      }
    };
    use(0, 200, 8);
    gc();
    const before = process.memoryUsage().arrayBuffers;
    use(200, calls, payloadBytes);
    // Another thread frees the memory.
    for (let times = 0; times < 3; times += 1) {
      gc({ type: 'minor' });
      await new Promise(setImmediate);
    }
    return Math.round((process.memoryUsage().arrayBuffers - before) / payloadBytes);
  }

  /** The most of five times: a full collection, which comes when it likes, frees everything. */
  async function most(uses: () => Parameters<typeof left>[0]): Promise<number> {
    const counts: number[] = [];
    for (let times = 0; times < 5; times += 1) counts.push(await left(uses()));
    return Math.max(...counts);
  }

  test('only calls that were not removed are left', async () => {
    const uses = () => {
      const table = new PipelinedCalls<Call>();
      return { add: (call: Call) => table.add(call), remove: (one: number) => table.delete(one) };
    };
    expect(await most(uses)).toBeLessThan(calls / 4);
  });

  // If this fails, V8 no longer needs another table.
  test('of those in a Map, almost all are left', async () => {
    const uses = () => {
      const map = new Map<number, Call>();
      return { add: (call: Call) => map.set(call.id, call), remove: (one: number) => map.delete(one) };
    };
    expect(await most(uses)).toBeGreaterThan(calls / 2);
  });
});
