import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { EncodedValue } from '../../../../client/src/transport/encoded-value';
import { codePoint } from '../../../support/code-point';

const bytes = fc.oneof(
  fc.uint8Array(),
  fc.string({ unit: codePoint }).map((text) => Buffer.from(text)),
);

test('it has the bytes that it was made of, whatever they are, and their text', () => {
  fc.assert(
    fc.property(bytes, (array) => {
      const original = Buffer.from(array);
      const value = new EncodedValue(original);
      expect(value.bytes).toEqual(original);
      expect(value.length).toBe(original.length);
      expect(value.toString()).toBe(original.toString());
      expect(new EncodedValue(value).bytes).toEqual(original);
    }),
  );
});

test('it equals the same bytes only', () => {
  fc.assert(
    fc.property(bytes, bytes, (one, other) => {
      const value = new EncodedValue(Buffer.from(one));
      expect(value.equals(Buffer.from(one))).toBe(true);
      expect(value.equals(Buffer.from(other))).toBe(Buffer.from(one).equals(other));
    }),
  );
});
