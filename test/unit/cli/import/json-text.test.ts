import { describe, expect, test } from '@jest/globals';
import { jsonPointer, partAt } from '../../../../server/src/cli/import/json-pointer';
import { elementsOf, membersOf } from '../../../../server/src/cli/import/json-text';

describe('parts of a JSON text', () => {
  test.each([
    ['{}', {}],
    [' { } ', {}],
    ['{"a":1,"b":[1,{"c":2}],"d":"x,}]"}', { a: '1', b: '[1,{"c":2}]', d: '"x,}]"' }],
    ['{ "a" : 12345678901234567890 ,\n"b":1.50 }', { a: '12345678901234567890', b: '1.50' }],
    ['{"a:\\"b":"\\\\","c":"\\\\\\""}', { 'a:"b': '"\\\\"', c: '"\\\\\\""' }],
    ['{"":0,"\\u00e9":null}', { '': '0', é: 'null' }],
    ['{"a":1,"a":2}', { a: '2' }],
  ])('of the object %s', (json, expected) => {
    expect(Object.fromEntries(membersOf(json)!)).toEqual(expected);
  });

  test('have the value that JSON.parse() finds', () => {
    const json = JSON.stringify({ a: '"\\', b: { 'c]': [[], {}, '{'] }, d: [null, true, -1e5], e: '\u2028' });
    for (const text of [json, JSON.stringify(JSON.parse(json), null, 2)]) {
      const values = [...membersOf(text)!].map(([key, part]) => [key, JSON.parse(part) as unknown]);
      expect(Object.fromEntries(values)).toEqual(JSON.parse(json));
    }
  });

  test('of an array', () => {
    expect(elementsOf(' [ 1 , "a,b" ,[2,3]] ')).toEqual(['1', '"a,b"', '[2,3]']);
    expect(elementsOf('[]')).toEqual([]);
  });

  test('of anything else: none', () => {
    for (const json of ['1', '"{}"', 'null', ''])
      expect([membersOf(json), elementsOf(json)]).toEqual([undefined, undefined]);
    expect([membersOf('[]'), elementsOf('{}')]).toEqual([undefined, undefined]);
  });
});

describe('a JSON pointer', () => {
  const parse = (text: string) => jsonPointer.parse(text, () => Buffer.alloc(0));
  const json = '{"a":{"b":[10,{"c":12345678901234567890}]},"x/y":1,"~":2,"":3,"0":4}';

  test.each([
    ['', json],
    ['/a/b/0', '10'],
    ['/a/b/1/c', '12345678901234567890'],
    ['/x~1y', '1'],
    ['/~0', '2'],
    ['/', '3'],
    ['/0', '4'],
    ['/a/b/2', undefined],
    ['/a/b/01', undefined],
    ['/a/b/-', undefined],
    ['/no/such', undefined],
    ['/x~1y/z', undefined],
  ])('%s refers to %s', (pointer, expected) => {
    expect(partAt(json, parse(pointer))).toBe(expected);
  });

  test.each(['a', 'a/b', '/~', '/~2'])('%s is invalid', (text) => {
    expect(() => parse(text)).toThrow('a JSON pointer');
  });
});
