import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { FifoMap } from '../../../fifo-map';

/** Which keys encrypt the contents of sessions. */
export interface EncryptionKeys {
  /** Whether the first key encrypts what is written. Otherwise contents are written in clear. */
  readonly encrypts: boolean;
  /** At least 32 bytes each. All of them decrypt. */
  readonly keys: readonly Buffer[];
}

const noEncryption: EncryptionKeys = { encrypts: false, keys: [] };

/** Under which key a record is: the one that encrypts what is written, another one, or none. */
export type KeyUse = 'current' | 'old' | 'none';

export interface EncryptedContent {
  readonly keyId: string;
  /** Nonce, ciphertext and tag. */
  readonly value: Buffer;
}

/** `unknown_key`: no key has the id. `not_authentic`: the content was changed, or is that of another session. */
export type DecryptionProblem = 'unknown_key' | 'not_authentic';

/** The name of the cipher in records. */
export const cipherName = 'A256GCM';

const cipher = 'aes-256-gcm';
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const idBytes = 6;

/** About 800 bytes each. To derive one takes as long as to decrypt a small session. */
const maxSessionKeys = 5_000;

/**
 * Encrypts contents with AES-256-GCM. Each session has a key of its own, derived from a key of the list and the session's handle
 * (HKDF, RFC 5869): so a content decrypts under no other handle, and a random nonce for each write stays within the 2^32 messages
 * that NIST SP 800-38D, section 8.3 allows to one key.
 */
export class ContentKeys {
  #encrypts = false;
  #keys: readonly ContentKey[] = [];

  constructor(keys?: EncryptionKeys) {
    this.replace(keys);
  }

  /** Uses other keys from now on. */
  replace({ encrypts, keys }: EncryptionKeys = noEncryption): void {
    this.#encrypts = encrypts;
    this.#keys = keys.map((key) => new ContentKey(key));
  }

  /** Whether what is written is encrypted. */
  get encrypts(): boolean {
    return this.#encrypts;
  }

  /** The ids of all keys, each between spaces, for scripts. */
  get ids(): string {
    return ` ${this.#keys.map(({ id }) => id).join(' ')} `;
  }

  /** The ids of the keys that only decrypt. */
  get decryptingIds(): readonly string[] {
    const ids = [...new Set(this.#keys.map(({ id }) => id))];
    return ids.filter((id) => this.useOf(id) === 'old');
  }

  has(keyId: string): boolean {
    return this.#keys.some(({ id }) => id === keyId);
  }

  /** @param keyId of the record; `undefined`: it is in clear */
  useOf(keyId: string | undefined): KeyUse {
    if (keyId === undefined) return 'none';
    return this.#encrypts && keyId === this.#keys[0]?.id ? 'current' : 'old';
  }

  /** Whether a record that is written now is encrypted with this key, or not at all, as it is. */
  isCurrent(keyId: string | undefined): boolean {
    return this.useOf(keyId) === (this.#encrypts ? 'current' : 'none');
  }

  /** To be called only while {@link encrypts}. */
  encrypt(handle: string, content: Buffer): EncryptedContent {
    const [first] = this.#keys;
    if (!this.#encrypts || first === undefined) throw new Error('There is no key to encrypt with.');
    const nonce = randomBytes(nonceBytes);
    const encryption = createCipheriv(cipher, first.sessionKey(handle), nonce, { authTagLength: tagBytes });
    encryption.setAAD(boundTo(handle));
    const parts = [nonce, encryption.update(content), encryption.final(), encryption.getAuthTag()];
    return { keyId: first.id, value: Buffer.concat(parts) };
  }

  decrypt(handle: string, { keyId, value }: EncryptedContent): Buffer | DecryptionProblem {
    const candidates = this.#keys.filter(({ id }) => id === keyId);
    if (candidates.length === 0) return 'unknown_key';
    for (const key of candidates) {
      const content = open(key.sessionKey(handle), boundTo(handle), value);
      if (content !== undefined) return content;
    }
    return 'not_authentic';
  }
}

class ContentKey {
  readonly id: string;
  readonly #key: KeyObject;
  readonly #sessionKeys = new FifoMap<string, KeyObject>(maxSessionKeys);

  constructor(key: Buffer) {
    this.#key = createSecretKey(key);
    this.id = derive(this.#key, 'key id', idBytes).toString('base64url');
  }

  sessionKey(handle: string): KeyObject {
    let key = this.#sessionKeys.get(handle);
    if (key === undefined) {
      // Node.js 24 needs three times as long to encrypt with a key in a Buffer.
      key = createSecretKey(derive(this.#key, `content ${handle}`, keyBytes));
      this.#sessionKeys.set(handle, key);
    }
    return key;
  }
}

/** @returns `undefined` if the value is not what was encrypted with the key */
function open(key: KeyObject, aad: Buffer, value: Buffer): Buffer | undefined {
  if (value.length < nonceBytes + tagBytes) return undefined;
  const decryption = createDecipheriv(cipher, key, value.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decryption.setAAD(aad);
  decryption.setAuthTag(value.subarray(-tagBytes));
  const content = decryption.update(value.subarray(nonceBytes, -tagBytes));
  try {
    decryption.final();
    return content;
  } catch {
    return undefined;
  }
}

/** The format of the record, and the session. */
function boundTo(handle: string): Buffer {
  return Buffer.from(`session.v1 record 2 ${handle}`);
}

function derive(key: KeyObject, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', `session.v1 ${purpose}`, bytes));
}
