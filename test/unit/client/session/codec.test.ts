import { describe, expect, test } from '@jest/globals';
import { resolveCodec } from '../../../../client/src/session/codec';
import { EncodedValue } from '../../../../client/src/transport/encoded-value';

const json = resolveCodec(undefined);
const unreadable = (why: string) =>
  expect.objectContaining({ code: 'VALUE_UNREADABLE', message: expect.stringContaining(`\`cart\`: ${why}.`) });

describe('the JSON codec', () => {
  test('rejects what JSON cannot hold, and names where it is', () => {
    expect(() => json.encode({ since: new Date(0) }, 'cart')).toThrow(/cart\.since/);
  });

  test.each([
    ['no JSON', 'secret {', 'it threw SyntaxError'],
    ['a number beyond the range of JavaScript', '1e999', 'it threw TypeError'],
    ['a deep nest', '['.repeat(1001) + ']'.repeat(1001), 'it is nested more than 1000 levels deep'],
  ])('rejects %s without a word of it', (_what, text, why) => {
    expect(() => json.decode(new EncodedValue(Buffer.from(text)), 'cart')).toThrow(unreadable(why));
  });

  test('decodes large numbers that JavaScript can hold', () => {
    expect(json.decode(new EncodedValue(Buffer.from('[1e21, 1.5e+300]')), 'cart')).toEqual([1e21, 1.5e300]);
  });
});

describe('a codec of the application', () => {
  test('gets and returns bytes as they are', () => {
    const bytes = Uint8Array.of(0, 1, 2, 3).subarray(1, 3);
    const codec = resolveCodec({ encode: () => bytes, decode: (stored) => [...stored] });
    expect(codec.encode('x', 'cart')).toEqual(Buffer.of(1, 2));
    expect(codec.decode(new EncodedValue(Buffer.of(9)), 'cart')).toEqual([9]);
  });

  test.each([
    ['an error', new RangeError('secret'), 'it threw RangeError'],
    ['something else', 'secret', 'it threw a string'],
  ])('that throws %s makes the value unreadable, without a word of it', (_what, thrown, why) => {
    const decode = () => {
      throw thrown;
    };
    const codec = resolveCodec({ encode: () => Buffer.of(1), decode });
    expect(() => codec.decode(new EncodedValue(Buffer.of(1)), 'cart')).toThrow(unreadable(why));
  });
});
