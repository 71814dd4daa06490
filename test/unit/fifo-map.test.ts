import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FifoMap } from '../../server/src/fifo-map';

describe('a map that forgets what was added first', () => {
  test('keeps the last entries that were added', () => {
    const key = fc.integer({ min: 0, max: 9 });
    const step = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), key, value: fc.integer() }),
      fc.record({ kind: fc.constant('delete' as const), key }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 50 }), (limit, steps) => {
        const map = new FifoMap<number, number>(limit);
        let expected: [key: number, value: number][] = [];
        for (const one of steps) {
          const known = expected.find(([held]) => held === one.key);
          if (one.kind === 'delete') {
            map.delete(one.key);
            expected = expected.filter(([held]) => held !== one.key);
          } else {
            map.set(one.key, one.value);
            if (known !== undefined) known[1] = one.value;
            else expected = [...expected, [one.key, one.value] as [number, number]].slice(-limit);
          }
        }
        for (let held = 0; held <= 9; held += 1) {
          expect(map.get(held)).toBe(expected.find(([key]) => key === held)?.[1]);
        }
      }),
    );
  });
});
