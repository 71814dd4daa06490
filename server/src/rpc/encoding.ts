import { BinaryWriter } from '@bufbuild/protobuf/wire';

export interface Encodable<Message> {
  encode(message: Message, writer: BinaryWriter): BinaryWriter;
}

class Writer extends BinaryWriter {
  /** Seconds and versions are small numbers in 64-bit fields; as a varint, a small number is the same whatever its type. */
  override int64(value: string | number | bigint): this {
    return typeof value === 'number' && value >= 0 && value <= 0xffff_ffff ? this.uint32(value) : super.int64(value);
  }
}

/** Larger than a session under the default limits. A writer keeps the room of the largest message it wrote. */
const maxKeptBytes = 512 * 1024;

/** One for all messages: each writer finds out anew how much room it takes, which costs as much as the rest of encoding. */
let writer = new Writer();

export function encode<Message>(type: Encodable<Message>, message: Message): Buffer {
  try {
    const bytes = type.encode(message, writer).finish();
    if (bytes.length > maxKeptBytes) writer = new Writer();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (error) {
    // It holds the beginning of a message that cannot be encoded.
    writer = new Writer();
    throw error;
  }
}
