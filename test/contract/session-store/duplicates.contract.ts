import { describe, expect, test } from '@jest/globals';
import { append, push, set } from './fixture';
import type { StoreFixture } from './fixture';

const nested = (levels: number, inner: string) => `${'['.repeat(levels)}${inner}${']'.repeat(levels)}`;

const equal: readonly (readonly [string, string])[] = [
  ['{"a":1,"b":2}', '{ "b": 2, "a": 1 }'],
  ['{"a":{"c":[1],"b":null}}', '{"a":{"b":null,"c":[ 1 ]}}'],
  ['{"a":1,"b":2,"a":3}', '{"b":2,"a":3}'],
  ['{"a":1,"\\u0061":2}', '{"a":2}'],
  ['"\\u00e9\\n\\/"', '"é\\u000a/"'],
  ['"\\ud83c\\udf75"', '"🍵"'],
  ['"\\uD800"', '"\\ud800"'],
  ['"\\u0022\\u005c"', '"\\"\\\\"'],
  ['1', '1.0'],
  ['100', '1e2'],
  ['100', '1E+0002'],
  ['0.15', '1.5e-1'],
  ['-0.0', '0'],
  ['0e99999999999999999999', '0'],
  ['9007199254740993', '9007199254740993.0'],
  ['1e999999999999999', '10e999999999999998'],
  ['true', ' true\n'],
  [nested(64, '1'), nested(64, ' 1 ')],
];

const different: readonly (readonly [string, string])[] = [
  ['{"a":1,"b":2}', '{"a":1}'],
  ['{"a":1,"b":2}', '{"a":2,"b":1}'],
  ['{"a":1}', '[["a",1]]'],
  ['[1,2]', '[2,1]'],
  ['[]', '{}'],
  ['1', '"1"'],
  ['1', 'true'],
  ['0', 'false'],
  ['0', 'null'],
  ['""', 'null'],
  ['9007199254740993', '9007199254740992'],
  ['0.1', '0.1000000000000000055511151231257827'],
  ['1e400', '1e401'],
  ['1', '-1'],
  ['12', '120'],
  ['"é"', '"e\u0301"'],
  ['"\\ud800"', '"\\udc00"'],
  ['"\\ud800"', '"\ufffd"'],
  ['"\\\\u0061"', '"a"'],
  ['"a b"', '"ab"'],
];

/** What is not compared by value, and so only equal to the same bytes. */
const comparedAsBytes: readonly (readonly [string, string])[] = [
  ['NaN', ' NaN'],
  ['01', '1'],
  ['"\n"', '"\\n"'],
  ['{a:1}', '{ a:1}'],
  ['[1,]', '[1]'],
  ['1e1000000000000000', '10e999999999999999'],
  [nested(65, '1'), nested(65, ' 1 ')],
];

/** What session-store.ts says of `unlessPresent`. */
export function describeDuplicates(fixture: StoreFixture): void {
  const { create, apply } = fixture;

  /** Whether a message counts as present when another waits. */
  async function isDuplicate(waiting: string, message: string): Promise<boolean> {
    const session = await create();
    await apply(session, push('', waiting));
    const { results } = await apply(session, push('', message, true), push('', waiting, true));
    expect(results[1]).toEqual({ applied: false });
    return !results[0]!.applied;
  }

  describe('unless_present', () => {
    test.each(equal)('takes the message %s for %s', async (one, other) => {
      expect([await isDuplicate(one, other), await isDuplicate(other, one)]).toEqual([true, true]);
    });

    test.each([...different, ...comparedAsBytes])('distinguishes the message %s from %s', async (one, other) => {
      expect([await isDuplicate(one, other), await isDuplicate(other, one)]).toEqual([false, false]);
    });

    test.each(equal)('takes the element %s for %s', async (one, other) => {
      const session = await create();
      await apply(session, set('list', `[0.5, ${one} ]`));
      const { results } = await apply(session, append('list', other, true), append('list', '0.50', true));
      expect(results).toEqual([{ applied: false }, { applied: false }]);
    });

    test.each(different)('distinguishes the element %s from %s', async (one, other) => {
      const session = await create();
      await apply(session, set('list', `[ ${one}, ${one}]`));
      const { results } = await apply(session, append('list', other, true), append('list', other, true));
      expect(results).toEqual([{ applied: true }, { applied: false }]);
    });

    test('keeps the bytes of what was written first', async () => {
      const session = await create();
      await apply(session, push('', '{ "b": 1.0, "a": "\\u00e9" }'), push('', '{"a":"é","b":1}', true));
      const { results } = await apply(session, { kind: 'pop_flash', queue: '' });
      expect(results[0]!.messages?.map(String)).toEqual(['{ "b": 1.0, "a": "\\u00e9" }']);
    });
  });
}
