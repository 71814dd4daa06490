/** Copied, unless it is most of what it is a part of: a call that takes long must not keep all that arrived with it in memory. */
export function ownBytes(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) && 2 * bytes.length >= bytes.buffer.byteLength ? bytes : Buffer.from(bytes);
}
