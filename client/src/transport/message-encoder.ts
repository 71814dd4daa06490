import { BinaryWriter } from '@bufbuild/protobuf/wire';

export interface Encodable<Message> {
  encode(message: Message, writer: BinaryWriter): BinaryWriter;
}

/** Larger than a session under the sidecar's default limits. A writer keeps the memory of the largest message it wrote. */
const maxKeptBytes = 512 * 1024;

/**
 * Encodes messages with one writer. Each new writer finds out anew how much memory it needs, which costs as much as the rest of
 * encoding.
 */
export class MessageEncoder {
  #writer = new BinaryWriter();

  encode<Message>(type: Encodable<Message>, message: Message): Buffer {
    try {
      const bytes = type.encode(message, this.#writer).finish();
      if (bytes.length > maxKeptBytes) this.#writer = new BinaryWriter();
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    } catch (error) {
      // It holds the beginning of the message that could not be encoded.
      this.#writer = new BinaryWriter();
      throw error;
    }
  }
}
