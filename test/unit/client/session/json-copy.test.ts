import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { copyJson } from '../../../../client/src/session/json-copy';
import { codePoint } from '../../../support/code-point';

const json = fc.jsonValue({ maxDepth: 5, stringUnit: codePoint });

function objectsIn(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(objectsIn)];
}

test('a copy is equal, and shares no object with its original', () => {
  fc.assert(
    fc.property(json, (generated) => {
      // As the client has it: -0 is 0, and every object a plain one.
      const value = JSON.parse(JSON.stringify(generated)) as unknown;
      const copy = copyJson(value);
      expect(copy).toEqual(value);
      expect(JSON.stringify(copy)).toBe(JSON.stringify(value));
      const originals = new Set(objectsIn(value));
      expect(objectsIn(copy).filter((object) => originals.has(object))).toEqual([]);
    }),
  );
});

test('the key __proto__ is copied like any other', () => {
  const text = '{"__proto__":{"isAdmin":true},"a":{"__proto__":[1]}}';
  const copy = copyJson(JSON.parse(text)) as { readonly isAdmin?: boolean };
  expect(JSON.stringify(copy)).toBe(text);
  expect(copy.isAdmin).toBeUndefined();
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
});

test('properties that a program has added to every object are not copied', () => {
  Object.defineProperty(Object.prototype, 'polluted', { value: 1, enumerable: true, configurable: true });
  try {
    expect(JSON.stringify(copyJson(JSON.parse('{"a":1}')))).toBe('{"a":1}');
  } finally {
    delete (Object.prototype as { polluted?: number }).polluted;
  }
});
