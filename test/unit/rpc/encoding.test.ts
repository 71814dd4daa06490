import { expect, test } from '@jest/globals';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { Timestamp } from '@session-sidecar/proto/google/protobuf/timestamp';
import fc from 'fast-check';
import { encode, freeEncoded } from '../../../server/src/rpc/encoding';

/** A message of one 64-bit field and bytes; with `fails`, it cannot be encoded. */
const type = {
  encode({ number, bytes, fails = false }: { number: number; bytes: Buffer; fails?: boolean }, writer: BinaryWriter) {
    writer.uint32(8).int64(number);
    if (fails) throw new Error('not a message');
    return writer.uint32(18).bytes(bytes);
  },
};
const number = fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, -1));

test('messages are encoded as with a new writer each, and after one that failed', () => {
  fc.assert(
    fc.property(number, fc.uint8Array(), (number, bytes) => {
      const message = { number, bytes: Buffer.from(bytes) };
      expect(encode(type, message).equals(type.encode(message, new BinaryWriter()).finish())).toBe(true);
      expect(() => encode(type, { ...message, fails: true })).toThrow('not a message');
    }),
  );
});

test('a large message leaves nothing behind', () => {
  const large = { number: 1, bytes: Buffer.alloc(2_000_000, 7) };
  expect(encode(type, large).length).toBeGreaterThan(2_000_000);
  const time = { seconds: 1_800_000_000, nanos: 5 };
  expect(Timestamp.decode(encode(Timestamp, time))).toEqual(time);
});

test('only large bytes with memory of their own are freed', () => {
  const memory = new ArrayBuffer(10_000);
  freeEncoded(Buffer.from(memory, 0, 9_999));
  freeEncoded(Buffer.from(memory, 1));
  expect(memory.byteLength).toBe(10_000);
  const small = encode(type, { number: 1, bytes: Buffer.alloc(1000) });
  freeEncoded(small);
  expect(small.length).toBeGreaterThan(1000);
  const large = encode(type, { number: 1, bytes: Buffer.alloc(8000) });
  freeEncoded(large);
  expect(large.length === 0).toBe('transfer' in ArrayBuffer.prototype);
});
