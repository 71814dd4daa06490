import { describe, expect, test } from '@jest/globals';
import { canonicalJson } from '../../../server/src/session/json-value';

describe('canonicalJson()', () => {
  test.each([
    [' [ 1 , { } , [ ] ]\n', '[1,{},[]]'],
    ['{"b":{"d":1,"c":2},"a":0}', '{"a":0,"b":{"c":2,"d":1}}'],
    ['{"a":1,"b":2,"a":[3]}', '{"a":[3],"b":2}'],
    ['"\\u0041\\/\\n\\"\\\\"', '"A/\\u000a\\"\\\\"'],
    ['"\\uD83D\\uDE00 \\uDE00\\uD83D"', `"${bytes('😀')} \\ude00\\ud83d"`],
    ['"\\ud83d\\ud83d\\ude00"', `"\\ud83d${bytes('😀')}"`],
    ['1200', '1200'],
    ['1.2e3', '1200'],
    ['-12e30', '-12000000000000000000000000000000'],
    ['12e31', '12e31'],
    [`12${'0'.repeat(31)}`, '12e31'],
    ['-0.0120E-1', '-12e-4'],
    ['-0', '0'],
    ['12345678901234567890.5', '123456789012345678905e-1'],
    ['1E+005', '100000'],
  ])('of %s is %s', (text, canonical) => {
    expect(canonicalJson(text)).toBe(canonical);
  });

  test.each([
    ...[
      '',
      ' ',
      'x',
      'truth',
      'True',
      'nul',
      '1 2',
      '[1,]',
      '[1',
      '[1}',
      '{"a"}',
      '{"a":1,}',
      '{a:1}',
      '{"a":1',
      '"',
      '"\\"',
      '"\\x"',
    ],
    ...['"\\u12"', '"a\nb"', '01', '-', '+1', '.5', '1.', '1e', '1e+', '1-2', '0x1', 'NaN', '\ufeff1'],
  ])('of %j, which is no JSON, is the text itself', (text) => {
    expect(canonicalJson(text)).toBe(text);
  });

  test('is the text itself past 64 levels, and past 15 digits of an exponent', () => {
    const nested = (levels: number) => `${'[ '.repeat(levels)}1${']'.repeat(levels)}`;
    expect([canonicalJson(nested(64)), canonicalJson(nested(65))]).toEqual([
      nested(64).replaceAll(' ', ''),
      nested(65),
    ]);
    const exponents = ['1.0e999999999999999', '1.0e-1000000000000000'];
    expect(exponents.map(canonicalJson)).toEqual(['1e999999999999999', '1.0e-1000000000000000']);
  });

  test('of a text of a megabyte needs no stack or time in proportion to its square', () => {
    const many = (text: string) => text.repeat(2 ** 20 / text.length);
    for (const text of [many('['), many('{"a":'), many('0'), `1${many('0')}1`, `"${many('\\"')}"`, `"${many('\\')}`]) {
      expect(canonicalJson(text).length).toBe(text.length);
    }
  });
});

function bytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}
