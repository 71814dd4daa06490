import { BinaryWriter } from '@bufbuild/protobuf/wire';

export interface Encodable<Message> {
  encode(message: Message, writer: BinaryWriter): BinaryWriter;
}

class Writer extends BinaryWriter {
  /** Seconds and versions are small numbers in 64-bit fields; the varint of a small number does not depend on its type. */
  override int64(value: string | number | bigint): this {
    return typeof value === 'number' && value >= 0 && value <= 0xffff_ffff ? this.uint32(value) : super.int64(value);
  }
}

/** Larger than a session under the default limits. A writer keeps the memory of the largest message it wrote. */
const maxKeptBytes = 512 * 1024;

/**
 * One writer for all messages: a new writer finds out anew how much memory it needs, which costs as much as the rest of encoding.
 * The client has an encoder of its own, because the packages share only generated code.
 */
let writer = new Writer();

/** @returns bytes in memory of their own */
export function encode<Message>(type: Encodable<Message>, message: Message): Buffer {
  try {
    const bytes = type.encode(message, writer).finish();
    if (bytes.length > maxKeptBytes) writer = new Writer();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (error) {
    // It holds the beginning of the message that could not be encoded.
    writer = new Writer();
    throw error;
  }
}

/** `ArrayBuffer.prototype.transfer` of ES2024, which Node.js has from version 22. */
interface Transferable {
  transfer?(newLength: number): ArrayBuffer;
}

/** Less is not worth the time. */
const minFreedBytes = 4 * 1024;

/**
 * Frees bytes that must not be used any more, if they are large and have memory of their own, as what {@link encode} returns. Left to
 * V8, they would wait for the next garbage collection and hasten it (docs/decisions/0053-values-as-strings.md).
 */
export function freeEncoded({ buffer, byteLength }: Buffer): void {
  const isPart = byteLength < buffer.byteLength;
  // A transferred ArrayBuffer has no memory left, and the new one of no bytes needs none.
  if (byteLength >= minFreedBytes && !isPart) (buffer as Transferable).transfer?.(0);
}
