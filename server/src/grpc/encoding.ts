import { BinaryWriter } from '@bufbuild/protobuf/wire';

export interface Encodable<Message> {
  encode(message: Message, writer: BinaryWriter): BinaryWriter;
}

/** Larger messages than this are rare; a writer keeps the room of the largest it wrote. */
const largestKept = 256 * 1024;

/** One for all messages: each writer finds out anew how much room it takes, which costs as much as the rest of encoding. */
let writer = new BinaryWriter();

export function encode<Message>(type: Encodable<Message>, message: Message): Buffer {
  try {
    const bytes = type.encode(message, writer).finish();
    if (bytes.length > largestKept) writer = new BinaryWriter();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (error) {
    // It holds the beginning of a message that cannot be encoded.
    writer = new BinaryWriter();
    throw error;
  }
}
