import { randomBytes } from 'node:crypto';

/**
 * Identifies a history of sessions in a store. Within one generation, a session never has two states of the same version. After a
 * failover it can, so the generation changes. Compared by identity.
 */
export type Generation = Buffer;

export function newGeneration(): Generation {
  return randomBytes(8);
}

/** Identifies one state of a session, for a client that keeps a copy. Two states of one session never have the same etag. */
export function etagOf(generation: Generation, version: number): Buffer {
  const etag = Buffer.alloc(16);
  generation.copy(etag);
  etag.writeBigUInt64BE(BigInt(version), 8);
  return etag;
}
