/** `ArrayBuffer.prototype.transfer` of ES2024, which Node.js has from version 22. */
interface Transferable {
  transfer?(newLength: number): ArrayBuffer;
}

/** grpc-js puts them before each message. */
const prefixBytes = 5;

/**
 * Frees the memory of a message that grpc-js has received, if nothing else is in it: grpc-js copies each message into memory of its
 * own, except small ones, which share a pool. Nothing may refer to the message any more.
 *
 * Left to V8, such memory waits for the next garbage collection, and is what makes V8 collect the whole heap so often
 * (docs/decisions/0053-values-as-strings.md).
 */
export function freeMessage({ buffer, byteOffset, byteLength }: Buffer): void {
  const hasOwnMemory = byteOffset === prefixBytes && byteOffset + byteLength === buffer.byteLength;
  // A transferred ArrayBuffer has no memory left, and the new one of no bytes needs none.
  if (hasOwnMemory && byteLength > 0) (buffer as Transferable).transfer?.(0);
}
