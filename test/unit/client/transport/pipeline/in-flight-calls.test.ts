import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { InFlightCalls } from '../../../../../client/src/transport/pipeline/in-flight-calls';

interface Call {
  readonly deadline: number;
}

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

function add(table: InFlightCalls<Call>, milliseconds: number): { id: number; call: Call } {
  const call = { deadline: performance.now() + milliseconds };
  const id = table.takeId();
  table.add(id, call);
  return { id, call };
}

test('finds each call in flight by its id, and none by the id of a call that has ended', () => {
  const steps = fc.array(fc.oneof(fc.constant('add' as const), fc.nat()), { maxLength: 300 });
  fc.assert(
    fc.property(steps, (all) => {
      const table = new InFlightCalls<Call>(() => undefined);
      const there = new Map<number, Call>();
      const gone = new Set<number>();
      for (const step of all) {
        if (step === 'add') {
          const { id, call } = add(table, 1000);
          expect(there.has(id) || gone.has(id)).toBe(false);
          expect(id).toBeLessThan(2 ** 32);
          there.set(id, call);
        } else if (there.size > 0) {
          const id = [...there.keys()][step % there.size]!;
          table.delete(id);
          table.delete(id);
          there.delete(id);
          gone.add(id);
        }
      }
      expect(table.size).toBe(there.size);
      expect(new Set(table)).toEqual(new Set(there.values()));
      for (const [id, call] of there) expect(table.get(id)).toBe(call);
      for (const id of gone) expect(table.get(id)).toBeUndefined();
    }),
  );
});

test('reports a call at its deadline, whatever the order of deadlines, and never one that has ended', () => {
  const deadlines = fc.array(fc.record({ milliseconds: fc.integer({ min: 1, max: 50 }), ends: fc.boolean() }));
  fc.assert(
    fc.property(deadlines, (all) => {
      const overdue: Call[] = [];
      const table = new InFlightCalls<Call>((call) => {
        expect(performance.now()).toBe(call.deadline);
        overdue.push(call);
        table.delete(calls.find((each) => each.call === call)!.id);
      });
      const calls = all.map(({ milliseconds, ends }) => ({ ...add(table, milliseconds), ends }));
      for (const { id, ends } of calls) if (ends) table.delete(id);
      jest.advanceTimersByTime(60);
      expect(new Set(overdue)).toEqual(new Set(calls.filter(({ ends }) => !ends).map(({ call }) => call)));
      expect(overdue).toHaveLength(calls.filter(({ ends }) => !ends).length);
      expect(table.size).toBe(0);
    }),
  );
});

test('reports a call whose deadline has passed, without a timer in the past, about which Node.js warns', () => {
  const overdue: Call[] = [];
  const table = new InFlightCalls<Call>((call) => overdue.push(call));
  const setTimer = jest.spyOn(globalThis, 'setTimeout');
  const { call } = add(table, -0.5);
  expect(setTimer.mock.calls.map(([, milliseconds]) => milliseconds)).toEqual([1]);
  jest.advanceTimersByTime(1);
  expect(overdue).toEqual([call]);
});
