import { randomBytes } from 'node:crypto';
import { ContentKeys } from '../../server/src/store/redis/encryption/content-keys';
import type { EncryptionOptions } from '../../server/src/store/redis/redis-store-options';

export const newContentKey = (): Buffer => randomBytes(32);

/** Encryption with keys that a test replaces, and what it has counted. */
export class TestEncryption implements EncryptionOptions {
  readonly keys: ContentKeys;
  readonly reads: string[] = [];
  readonly observer = { recordRead: (result: string) => void this.reads.push(result) };

  constructor(...keys: readonly Buffer[]) {
    this.keys = new ContentKeys({ encrypts: true, keys });
  }

  /** The results that were counted since the last time. */
  takeReads(): string[] {
    return this.reads.splice(0);
  }
}

/** The id of a key in records. @param key in base64 */
export function keyIdOf(key: string): string {
  const keys = new ContentKeys({ encrypts: true, keys: [Buffer.from(key, 'base64')] });
  return keys.encrypt('handle', Buffer.alloc(0)).keyId;
}
