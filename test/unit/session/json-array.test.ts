import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { elementsOf, JsonArray } from '../../../server/src/session/json-array';
import type { Text } from '../../../server/src/session/json-array';

/** Counts the characters that are looked at or copied, which proves what a clock could only make likely. */
class CountedText implements Text {
  steps = 0;

  constructor(readonly text: string) {}

  get length(): number {
    return this.text.length;
  }

  charCodeAt(index: number): number {
    this.steps += 1;
    return this.text.charCodeAt(index);
  }

  slice(from: number, to: number): string {
    this.steps += to - from;
    return this.text.slice(from, to);
  }
}

const marks = ['[', ']', '{', '}', '"', '\\', '\\"', ',', ' ', '\n', 'a', '1', '[]', '""', '"\\\\"', '[ ]', '1,'];

describe('elementsOf()', () => {
  test.each([
    ['', []],
    [' \n', []],
    ['1', ['1']],
    [' 1 , "a b" ,[1, 2],{"a" : ","} ', ['1', '"a b"', '[1,2]', '{"a":","}']],
    ['"\\"," ,"\\\\","]"', ['"\\","', '"\\\\"', '"]"']],
  ])('of %j are %j', (body, elements) => {
    expect(elementsOf(body)).toEqual(elements);
  });

  test('are those that JSON.parse finds, in any array', () => {
    const property = fc.property(
      fc.array(fc.jsonValue(), { maxLength: 5 }),
      fc.constantFrom(0, 2, '\t'),
      (array, space) => {
        const body = JSON.stringify(array, null, space).slice(1, -1);
        expect(elementsOf(body)).toEqual(array.map((element) => JSON.stringify(element)));
      },
    );
    fc.assert(property);
  });

  test('take steps in proportion to the length, whatever the text repeats', () => {
    const property = fc.property(fc.array(fc.constantFrom(...marks), { minLength: 1, maxLength: 6 }), (unit) => {
      const steps = [500, 1000].map((count) => {
        const text = new CountedText(unit.join('').repeat(count));
        elementsOf(text);
        expect(text.steps).toBeLessThanOrEqual(2 * text.length);
        return text.steps;
      });
      expect(steps[1]).toBeLessThanOrEqual(2.1 * steps[0]!);
    });
    fc.assert(property, { numRuns: 300 });
  });
});

describe('JsonArray', () => {
  test.each(['', '[', ']', '{}', '"[]"', ' [1', '1]', '[] x', '\u00a0[]'])('%j is no array', (text) => {
    expect(JsonArray.open(Buffer.from(text))).toBeUndefined();
  });

  test('a thousand appends search the array once and put it together once', () => {
    const text = Buffer.from(`[${'1,'.repeat(50_000)}1]`);
    const array = JsonArray.open(text)!;
    const concat = jest.spyOn(Buffer, 'concat');
    const toString = jest.spyOn(Buffer.prototype, 'toString');
    for (let index = 0; index < 1000; index += 1) array.append(Buffer.from(String(index + 2)), index % 3 > 0);
    const stored = array.toBuffer();
    const copied = [...concat.mock.results, ...toString.mock.results].reduce(
      (sum, { value }) => sum + (value as Buffer | string).length,
      0,
    );
    jest.restoreAllMocks();
    expect(copied).toBeLessThan(4 * text.length);
    expect(stored).toHaveLength(array.byteLength);
    expect(JSON.parse(stored.toString())).toHaveLength(51_001);
  });

  test('its length is that of its text after any appends', () => {
    const piece = fc.constantFrom('1', '"a"', '[ 1 ]', '{}');
    const appends = fc.array(fc.tuple(piece, fc.boolean()), { maxLength: 8 });
    const property = fc.property(fc.constantFrom('[]', ' [ ] ', '[1]', ' [ 1, 2 ]\n'), appends, (text, all) => {
      const array = JsonArray.open(Buffer.from(text))!;
      expect(array.toBuffer().toString()).toBe(text);
      for (const [element, unlessPresent] of all) {
        array.append(Buffer.from(element), unlessPresent);
        expect(array.byteLength).toBe(array.toBuffer().length);
      }
    });
    fc.assert(property);
  });
});
