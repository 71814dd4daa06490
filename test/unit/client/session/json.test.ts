import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assertJson, hasInexactInteger } from '../../../../client/src/session/json';

const refuses = (value: unknown, place: string, what: string) =>
  expect(() => assertJson(value, 'cart')).toThrow(
    new TypeError(`Expected \`${place}\` to be a JSON value, got ${what}`),
  );

describe('assertJson()', () => {
  test.each([
    ['text', 'text'],
    ['a number', 1.5],
    ['true', true],
    ['null', null],
    ['a nested object', { a: [{ b: null }, []], c: {} }],
    ['an object without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
    ['an object from another realm', runInNewContext('({ a: [1] })')],
    ['an own property named __proto__', JSON.parse('{"__proto__": {"a": 1}}')],
    ['an undefined property, as an optional one has', { note: undefined }],
    ['the same object twice', ((same) => [same, same])({ a: 1 })],
  ])('accepts %s', (_, value) => {
    expect(() => assertJson(value, 'cart')).not.toThrow();
  });

  class Money {
    constructor(readonly amount: number) {}
  }

  test.each([
    ['a Date', new Date(0), 'an instance of Date'],
    ['a Map', new Map(), 'an instance of Map'],
    ['a Set', new Set(), 'an instance of Set'],
    ['a Buffer', Buffer.from('a'), 'an instance of Buffer'],
    ['an instance of a class', new Money(1), 'an instance of Money'],
    ['a promise', Promise.resolve(1), 'an instance of Promise'],
    ['a function', () => 1, 'a function'],
    ['a bigint', 1n, 'a bigint'],
    ['a symbol', Symbol('a'), 'a symbol'],
    ['NaN', NaN, 'NaN'],
    ['Infinity', -Infinity, '-Infinity'],
    ['undefined', undefined, 'undefined'],
    ['an object with symbol keys', { [Symbol('a')]: 1 }, 'an object with symbol keys'],
  ])('refuses %s', (_, value, what) => refuses(value, 'cart', what));

  test('refuses undefined in an array, which JSON would turn into null', () => {
    refuses([1, undefined], 'cart[1]', 'undefined');
  });

  test('refuses a hole in an array', () => {
    // oxlint-disable-next-line no-sparse-arrays -- the point of the test
    refuses([1, , 3], 'cart[1]', 'undefined');
  });

  test('refuses an object that contains itself', () => {
    const node: { next?: unknown } = {};
    node.next = { node };
    refuses(node, 'cart.next.node', 'an object that contains itself');
  });

  test('names the place of what it refuses', () => {
    refuses([0, 1, { when: new Date(0) }], 'cart[2].when', 'an instance of Date');
    refuses({ 'a key': { b: 1n } }, 'cart["a key"].b', 'a bigint');
  });
});

describe('hasInexactInteger()', () => {
  test.each([
    '9007199254740993',
    '-9007199254740993',
    '{"a":[1,{"b":12345678901234567891}]}',
    '["a \\" string", 9007199254740993]',
    `1${'0'.repeat(400)}`,
  ])('finds the one in %s', (text) => {
    expect(hasInexactInteger(text)).toBe(true);
  });

  test.each([
    '9007199254740992',
    '100000000000000000000',
    '0.1234567890123456789',
    '1.2345678901234567890e30',
    '1e400',
    '"9007199254740993"',
    '{"9007199254740993":"a \\" 9007199254740993"}',
    '"\\\\",1',
  ])('finds none in %s', (text) => {
    expect(hasInexactInteger(text)).toBe(false);
  });

  test('finds every integer that JavaScript writes otherwise than it was read', () => {
    fc.assert(
      fc.property(fc.bigInt(), (integer) => {
        expect(hasInexactInteger(`{"id":${integer}}`)).toBe(BigInt(Number(integer)) !== integer);
      }),
    );
  });
});
