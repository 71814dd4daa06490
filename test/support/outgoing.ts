import type { OutgoingMessage } from '../../server/src/grpc/connections/grpc-js-internals';

/** The bytes of a message, copied out as grpc-js does. */
export function bytesOf(message: OutgoingMessage): Buffer {
  const bytes = Buffer.alloc(message.byteLength);
  message.copy(bytes, 0);
  return bytes;
}
