import { expect, test } from '@jest/globals';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { MessageEncoder } from '../../../../client/src/transport/message-encoder';

/** A message of one bytes field; `undefined` cannot be encoded. */
const type = {
  encode(message: Buffer | undefined, writer: BinaryWriter) {
    writer.uint32(10);
    if (message === undefined) throw new Error('not a message');
    return writer.bytes(message);
  },
};
const withNewWriter = (message: Buffer) => Buffer.from(type.encode(message, new BinaryWriter()).finish());

test('messages are encoded as with a new writer each, small, large, and after one that failed', () => {
  const encoder = new MessageEncoder();
  for (const bytes of [0, 1, 100, 2_000_000, 10]) {
    const message = Buffer.alloc(bytes, 7);
    expect(encoder.encode(type, message).equals(withNewWriter(message))).toBe(true);
    expect(() => encoder.encode(type, undefined)).toThrow('not a message');
  }
});

test('bytes that were returned do not change with the next message', () => {
  const encoder = new MessageEncoder();
  const first = encoder.encode(type, Buffer.from('first'));
  const copy = Buffer.from(first);
  encoder.encode(type, Buffer.from('other'));
  expect(first.equals(copy)).toBe(true);
});
