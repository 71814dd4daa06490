import { randomBytes } from 'node:crypto';

/**
 * Names the history of sessions that a store showed. Within one generation, a session never has two states of the same version.
 * After a failover it can, so the generation is then another one. Compared by identity.
 */
export type Generation = Buffer;

export function newGeneration(): Generation {
  return randomBytes(8);
}

/** Names one state of a session, for a client that keeps a copy. Two states of one session never have the same etag. */
export function etagOf(generation: Generation, version: number): Buffer {
  const etag = Buffer.alloc(16);
  generation.copy(etag);
  etag.writeBigUInt64BE(BigInt(version), 8);
  return etag;
}
