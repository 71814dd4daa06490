import { beforeEach, describe, expect, test } from '@jest/globals';
import { mutation } from '../../support/raw-grpc';
import { describeBadInput, unsafe, invalid, marked } from './fixture';

const safeRule = 'Expected an integer from -(2^53)+1 to 2^53-1 other than 0';

describeBadInput('in appends and increments', (fixture) => {
  beforeEach(() => {
    ({} = fixture);
  });
  const { refused, update, session } = fixture;

  test('mutations that contradict each other are applied in order, each on what the one before left', async () => {
    const { results } = await update(
      mutation.set('a', '1'),
      mutation.delete('a'),
      mutation.setIfAbsent('a', '2'),
      mutation.setIfAbsent('a', '3'),
      mutation.take('a'),
      mutation.take('a'),
      mutation.increment('a', 5),
      mutation.clear(),
      mutation.append('a', '6'),
      mutation.set('a', '7'),
      mutation.set('a', '8'),
    );
    const told = results.map(({ applied, value }) => (value === undefined ? applied : [applied, String(value)]));
    expect(told).toEqual([
      true,
      true,
      [true, '2'],
      [false, '2'],
      [true, '2'],
      false,
      [true, '5'],
      true,
      true,
      true,
      true,
    ]);
    expect([...(await session()).data].map(([key, value]) => [key, String(value)])).toEqual([['a', '8']]);
    expect((await session()).version).toBe(2);
  });

  describe('in appends', () => {
    test.each(['text', 'number'])('to a key that does not hold an array (%s) are rejected', async (key) => {
      const violations = {
        'mutations[0].append.key': 'Expected the key to hold a JSON array or nothing, got something else.',
      };
      expect(await refused(() => update(mutation.append(key, '1')))).toMatchObject(invalid(violations));
    });

    test.each(['', ' ', marked, '1]', '1,2', '[1', '"', "'a'", 'NaN', 'undefined', '01', '{a:1}', '\ufeff1'])(
      'of invalid JSON (%j) are rejected, because it would break the array',
      async (value) => {
        const violations = {
          'mutations[0].append.value': `Expected a JSON text, got ${Buffer.byteLength(value)} bytes of invalid JSON.`,
        };
        expect(await refused(() => update(mutation.append('list', value)))).toMatchObject(invalid(violations));
        expect(await refused(() => update(mutation.append('new', value)))).toMatchObject(invalid(violations));
      },
    );

    test('of invalid UTF-8 are rejected, because it would break the array', async () => {
      const value = Buffer.from([0x22, 0xff, 0x22]);
      const violations = { 'mutations[0].append.value': 'Expected a JSON text, got 3 bytes of invalid JSON.' };
      expect(await refused(() => update(mutation.append('list', value)))).toMatchObject(invalid(violations));
    });
  });

  test.each([false, true])(
    'appending to an array with a long run of spaces is fast (unless_present: %s)',
    async (unlessPresent) => {
      // A careless regular expression needs a minute for this, and a visitor can send it.
      const spaces = `"${' '.repeat(200_000)}x"`;
      await update(mutation.set('list', `[${spaces}]`));
      await update(mutation.append('list', '1', unlessPresent));
      expect(String((await session()).data.get('list'))).toBe(`[${spaces},1]`);
    },
  );

  test('a thousand appends to a long array in one request are fast', async () => {
    // Looking through the array anew for each would keep Redis from serving others for a minute.
    const numbers = Array.from({ length: 30_000 }, (_, index) => index);
    await update(mutation.set('list', JSON.stringify(numbers)));
    const { results } = await update(
      ...Array.from({ length: 1000 }, (_, index) => mutation.append('list', String(29_500 + index), true)),
    );
    expect(results.filter(({ applied }) => applied)).toHaveLength(500);
    const list = JSON.parse(String((await session()).data.get('list'))) as number[];
    expect(list).toEqual(Array.from({ length: 30_500 }, (_, index) => index));
  });

  describe('in increments', () => {
    test.each(['text', 'list', 'fraction'])('of a key that does not hold an integer (%s) are rejected', async (key) => {
      const violations = {
        'mutations[0].increment.key': 'Expected the key to hold a JSON integer or nothing, got something else.',
      };
      expect(await refused(() => update(mutation.increment(key, 1)))).toMatchObject(invalid(violations));
    });

    test('by nothing are refused', async () => {
      const violations = { 'mutations[0].increment.by': `${safeRule}.` };
      expect(await refused(() => update(mutation.increment('number', 0)))).toMatchObject(invalid(violations));
    });

    test.each([
      ['most', 1],
      ['number', Number.MAX_SAFE_INTEGER],
      ['beyond', -5],
    ])('that leave the range of exact integers, or start outside it, are rejected (%s, %d)', async (key, by) => {
      const violations = { 'mutations[0].increment.key': 'Expected a sum from -(2^53)+1 to 2^53-1, got one outside.' };
      expect(await refused(() => update(mutation.increment(key, by)))).toMatchObject(invalid(violations));
    });

    test.each([2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 53n), -(2n ** 63n)])(
      'by %d, which not every language represents exactly, are rejected and not rounded',
      async (by) => {
        const call = () => update(mutation.increment('number', unsafe(by)));
        expect(await refused(call)).toMatchObject({ status: 'INVALID_ARGUMENT', reason: 'INVALID_ARGUMENT' });
      },
    );

    test('to the ends of the range are exact', async () => {
      const { results } = await update(
        mutation.increment('up', Number.MAX_SAFE_INTEGER),
        mutation.increment('down', Number.MIN_SAFE_INTEGER),
        mutation.increment('number', Number.MAX_SAFE_INTEGER - 1),
        mutation.increment('number', Number.MIN_SAFE_INTEGER),
      );
      expect(results.map(({ value }) => String(value))).toEqual([
        '9007199254740991',
        '-9007199254740991',
        '9007199254740991',
        '0',
      ]);
    });
  });
});
