import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '../../server/src/session/json-value';
import integerLua from '../../server/src/store/redis/scripts/lib/integer.lua';
import jsonValueLua from '../../server/src/store/redis/scripts/lib/json_value.lua';
import type { RedisServer } from '../support/redis';
import { stackForAllTests } from '../support/stack';
import { identityOf, jsonModel, spell } from './json-model';

/** Compares texts by twos. Returns 1 for each pair of equal ones, else 0. */
const comparison = `
${integerLua}
${jsonValueLua}
local canonical = canonical_function()
local results = {}
for at = 1, #ARGV, 2 do
  results[#results + 1] = canonical(ARGV[at]) == canonical(ARGV[at + 1]) and 1 or 0
end
return results
`;

type Pair = readonly [string, string];

const choices = fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 40 });
const pairsOf = (pair: fc.Arbitrary<Pair>) => fc.array(pair, { minLength: 1, maxLength: 20 });

/** Everything that a reader of JSON looks at, in any order. */
const marks = fc
  .array(
    fc.constantFrom(
      ...[
        '[',
        ']',
        '{',
        '}',
        '"',
        ',',
        ':',
        ' ',
        '\n',
        '\\',
        '\\u',
        'd83d',
        '\\ude00',
        '0041',
        '\\n',
        '\\x',
        '\u0000',
        '\u001f',
        '\u007f',
        'é',
      ],
      ...['-', '0', '1', '10', '.', '.5', 'e', 'E+1', 'e-1', 'true', 'null', 'tru', 'a', '"a"', '"a":', '[]', '{}'],
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => parts.join(''));
const anyText = fc.oneof(
  marks,
  fc.json(),
  fc.tuple(jsonModel, choices, fc.nat(), marks).map(([model, spelled, at, mark]) => {
    const text = spell(model, spelled);
    const cut = at % (text.length + 1);
    // A cut may leave half a surrogate pair, which UTF-8 cannot hold.
    return utf8(latin1(`${text.slice(0, cut)}${mark}${text.slice(cut + (at % 3))}`));
  }),
);

describe('equality of JSON texts', () => {
  const stack = stackForAllTests();
  let server: RedisServer;

  beforeAll(async () => {
    server = await stack.redis();
  });

  async function areEqualInRedis(pairs: readonly Pair[]): Promise<boolean[]> {
    const results = (await server.admin.eval(
      comparison,
      0,
      ...pairs.flat().map((text) => Buffer.from(text)),
    )) as number[];
    return results.map((result) => result === 1);
  }

  test('is that of their values, in memory and in Redis, however they are spelled', async () => {
    const counts = { equal: 0, different: 0 };
    const pair = fc.oneof(
      jsonModel.map((model) => [model, model] as const),
      fc.tuple(jsonModel, jsonModel),
    );
    const property = fc.asyncProperty(
      fc.array(fc.tuple(pair, choices, choices), { minLength: 1, maxLength: 20 }),
      async (cases) => {
        const pairs = cases.map(([[one, other], ...how]) => [spell(one, how[0]), spell(other, how[1])] as const);
        const expected = cases.map(([[one, other]]) => identityOf(one) === identityOf(other));
        for (const text of pairs.flat()) JSON.parse(text);
        expect(pairs.map(([one, other]) => isEqual(one, other))).toEqual(expected);
        expect(await areEqualInRedis(pairs)).toEqual(expected);
        for (const isSame of expected) counts[isSame ? 'equal' : 'different'] += 1;
      },
    );
    await fc.assert(property, { numRuns: 400 });
    expect(Math.min(counts.equal, counts.different)).toBeGreaterThan(500);
  });

  test('is the same in memory and in Redis for any texts, and that of bytes for what is no JSON', async () => {
    const pair = fc.oneof(
      fc.tuple(anyText, anyText),
      anyText.map((text): Pair => [text, text.replaceAll(/[,:[\]{}]/g, ' $& ')]),
      anyText.map((text): Pair => [text, utf8(canonicalJson(latin1(text)))]),
    );
    const property = fc.asyncProperty(pairsOf(pair), async (pairs) => {
      const expected = pairs.map(([one, other]) => isEqual(one, other));
      expect(await areEqualInRedis(pairs)).toEqual(expected);
      for (const [one, other] of pairs.filter((texts) => !texts.every(isJson))) {
        expect(isEqual(one, other)).toBe(one === other);
      }
    });
    await fc.assert(property, { numRuns: 1000 });
  });

  test('the canonical text is JSON with the same value, and its own', () => {
    const property = fc.property(jsonModel, choices, (model, how) => {
      const text = spell(model, how);
      const canonical = canonicalJson(latin1(text));
      expect(canonicalJson(canonical)).toBe(canonical);
      expect(withoutNegativeZero(utf8(canonical))).toEqual(withoutNegativeZero(text));
    });
    fc.assert(property, { numRuns: 1000 });
  });
});

function isEqual(one: string, other: string): boolean {
  return canonicalJson(latin1(one)) === canonicalJson(latin1(other));
}

function latin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function utf8(text: string): string {
  return Buffer.from(text, 'latin1').toString();
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function withoutNegativeZero(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => (value === 0 ? 0 : value));
}
