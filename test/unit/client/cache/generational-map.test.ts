import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { GenerationalMap } from '../../../../client/src/cache/generational-map';

const sized = (bytes: number) => ({ bytes });

describe('a map that is bounded by size', () => {
  test('keeps the values used last, and drops the others', () => {
    const map = new GenerationalMap(100);
    for (let number = 0; number < 50; number += 1) {
      map.set(`key-${number}`, sized(10));
      map.get('key-0');
    }
    expect([map.peek('key-0'), map.peek('key-49')]).toEqual([sized(10), sized(10)]);
    expect(map.peek('key-30')).toBeUndefined();
    expect(map.bytes).toBeLessThanOrEqual(100);
  });

  test('a lookup that is not a use does not keep a value', () => {
    const map = new GenerationalMap(100);
    for (let number = 0; number < 50; number += 1) {
      map.set(`key-${number}`, sized(10));
      map.peek('key-0');
    }
    expect(map.peek('key-0')).toBeUndefined();
  });

  test('does not keep what is larger than half of it', () => {
    const map = new GenerationalMap(100);
    map.set('a', sized(51));
    expect([map.peek('a'), map.bytes, map.size]).toEqual([undefined, 0, 0]);
  });

  test('a value that grows is counted, and dropped when it has grown too large', () => {
    const map = new GenerationalMap(100);
    const value = sized(10);
    map.set('a', value);
    map.resize('a', value, 40);
    expect([map.peek('a'), map.bytes]).toEqual([value, 40]);
    map.resize('a', value, 60);
    expect([map.peek('a'), map.bytes]).toEqual([undefined, 0]);
  });

  test('never holds more than it may, counts right, and returns what was set last', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const step = fc.oneof(
      fc.tuple(fc.constant('set' as const), key, fc.integer({ min: 1, max: 60 })),
      fc.tuple(fc.constant('resize' as const), key, fc.integer({ min: 1, max: 60 })),
      fc.tuple(fc.constantFrom('get' as const, 'delete' as const), key, fc.constant(0)),
    );
    const property = fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const map = new GenerationalMap<{ bytes: number }>(100);
      const last = new Map<string, { bytes: number }>();
      for (const [kind, name, bytes] of steps) {
        const present = map.peek(name);
        if (present !== undefined) expect(present).toBe(last.get(name));
        if (kind === 'set') {
          const value = sized(bytes);
          last.set(name, value);
          map.set(name, value);
          expect(map.peek(name)).toBe(bytes > 50 ? undefined : value);
        } else if (kind === 'resize' && present !== undefined) map.resize(name, present, bytes);
        else if (kind === 'get') expect(map.get(name)).toBe(present);
        else if (kind === 'delete') map.delete(name);
        const held = ['a', 'b', 'c', 'd', 'e'].flatMap((each) => map.peek(each) ?? []);
        expect(map.bytes).toBe(held.reduce((sum, value) => sum + value.bytes, 0));
        expect(map.size).toBe(held.length);
        expect(map.bytes).toBeLessThanOrEqual(100);
      }
    });
    fc.assert(property);
  });
});
