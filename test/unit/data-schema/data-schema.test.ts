import { describe, expect, test } from '@jest/globals';
import { dataRule } from '../../../server/src/data-schema/data-schema';
import type { FieldViolation } from '../../../server/src/session/violations';

function violationsOf(schema: object, data: Readonly<Record<string, unknown>>): readonly FieldViolation[] {
  const texts = Object.entries(data).map(([key, value]) => [key, Buffer.from(JSON.stringify(value))] as const);
  return dataRule(JSON.stringify(schema)).violationsOf(new Map(texts));
}

const closed = (properties: object) => ({ type: 'object', properties, additionalProperties: false });

describe('the data of a session', () => {
  test('is one object of all keys', () => {
    const schema = { ...closed({ a: { type: 'integer' } }), required: ['a'] };
    expect(violationsOf(schema, { a: 1 })).toEqual([]);
    expect(violationsOf(schema, {})).toEqual([{ field: '/a', description: "Must have required property 'a'." }]);
  });

  test('violates a schema at all places that are wrong, each by its JSON Pointer, without values', () => {
    const schema = closed({
      user: { ...closed({ 'a/b~c': { type: 'string', format: 'email' } }), required: ['id'] },
      list: { type: 'array', items: { enum: ['one', 'two'] } },
      n: { type: 'number', maximum: 5 },
      text: { type: 'string', pattern: '^a+$', const: 'aa' },
    });
    const data = {
      user: { 'a/b~c': 'MARK' },
      list: ['one', 'MARK', 'two', { MARK: 1 }],
      n: 77,
      text: 'MARK',
      other: 'MARK',
    };
    const violations = violationsOf(schema, data);
    expect(violations.map(({ field }) => field).sort()).toEqual(
      ['/list/1', '/list/3', '/n', '/other', '/text', '/text', '/user/a~1b~0c', '/user/id'].sort(),
    );
    expect(JSON.stringify(violations)).not.toMatch(/MARK|77/);
  });

  test('is wrong where it is not JSON, as with another codec', () => {
    const rule = dataRule('{}');
    expect(rule.violationsOf(new Map([['a/b', Buffer.from('{')]]))).toEqual([
      { field: '/a~1b', description: 'Must be JSON.' },
    ]);
  });

  test('may have a key that is special in JavaScript', () => {
    const schema = { type: 'object', additionalProperties: { type: 'integer' } };
    const data = new Map([['__proto__', Buffer.from('"text"')]]);
    expect(dataRule(JSON.stringify(schema)).violationsOf(data)).toEqual([
      { field: '/__proto__', description: 'Must be integer.' },
    ]);
  });

  test('is refused, not a failure, when it is nested more deeply than a recursive schema can follow', () => {
    const schema = {
      $defs: { node: { type: 'array', items: { $ref: '#/$defs/node' } } },
      ...closed({ a: { $ref: '#/$defs/node' } }),
    };
    const nested = (depth: number) => new Map([['a', Buffer.from('['.repeat(depth) + ']'.repeat(depth))]]);
    const rule = dataRule(JSON.stringify(schema));
    expect(rule.violationsOf(nested(100))).toEqual([]);
    expect(rule.violationsOf(nested(100_000))).toEqual([{ field: '', description: 'Must be less deeply nested.' }]);
  });
});

describe('a schema is refused', () => {
  test.each([
    ['that is not JSON', '{', 'it is not JSON'],
    ['that is not an object', '[]', 'it is not a JSON object'],
    ['with a misspelt keyword', '{"propertys":{}}', 'strict mode: unknown keyword: "propertys"'],
    ['with a keyword of the wrong type', '{"type":"objekt"}', expect.stringMatching(/^schema is invalid: data\/type/)],
    [
      'with an unknown format',
      '{"type":"string","format":"colour"}',
      expect.stringContaining('unknown format "colour"'),
    ],
    ['of another draft', '{"$schema":"http://json-schema.org/draft-07/schema#"}', expect.stringContaining('draft-07')],
    ['that is checked later', '{"$async":true}', '"$async" is not supported'],
    ['that refers to nothing', '{"$ref":"#/$defs/none"}', expect.stringContaining("can't resolve reference")],
  ])('%s', (_, text, message) => {
    let thrown: unknown;
    try {
      dataRule(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ message });
  });
});
