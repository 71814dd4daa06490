import { expect, test } from '@jest/globals';
import { resolveCodec } from '../../../../client/src/session/codec';
import { KeptValue } from '../../../../client/src/session/kept-value';
import { EncodedValue } from '../../../../client/src/transport/encoded-value';

const json = resolveCodec(undefined);
const stored = new EncodedValue(Buffer.from('{"cart":["tea"]}'));

test('every reader gets a value of its own, decoded once', () => {
  let decoded = 0;
  const codec = { ...json, decode: (encoded: EncodedValue, path: string) => (decoded++, json.decode(encoded, path)) };
  const value = new KeptValue(stored, () => undefined);
  const [one, other] = [value.decode(codec, 'k'), value.decode(codec, 'k')] as { cart: string[] }[];
  one!.cart.push('milk');
  expect(other).toEqual({ cart: ['tea'] });
  expect(value.decode(codec, 'k')).toEqual({ cart: ['tea'] });
  expect(decoded).toBe(1);
});

test('the decoded value counts as held, which is reported once', () => {
  const reported: number[] = [];
  const value = new KeptValue(stored, (_value, _key, bytes) => reported.push(bytes));
  const before = value.heldBytes;
  value.decode(json, 'k');
  value.decode(json, 'k');
  expect(reported).toEqual([value.heldBytes - before]);
});

test("values of an application's codec are decoded for each reader, and not kept", () => {
  let decoded = 0;
  const codec = resolveCodec({ encode: () => Buffer.of(1), decode: () => ({ decoded: ++decoded }) });
  const value = new KeptValue(stored, () => {
    throw new Error('kept');
  });
  expect([value.decode(codec, 'k'), value.decode(codec, 'k')]).toEqual([{ decoded: 1 }, { decoded: 2 }]);
});
