/** How many bytes of other replies a reply may keep in memory; as many as its own, if that is more. */
const maxForeignBytes = 16 * 1024;

/**
 * The bytes of a reply, without the frame that it came in. A session is decoded in place and may be used for long, and a frame may
 * hold a mebibyte of other replies; but where the frame is small, or the reply is most of it, a copy would only take time.
 */
export function detached(reply: Buffer): Buffer {
  const foreignBytes = reply.buffer.byteLength - reply.length;
  return foreignBytes <= Math.max(maxForeignBytes, reply.length) ? reply : Buffer.from(reply);
}
