import { createHash, createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { SessionRef } from '../session/session-store';

/**
 * Issues and verifies session tokens.
 *
 * A token is `<id>.<signature>`. The id is 32 random bytes in base64url (43 characters): the first 16 are the session's public
 * handle, the other 16 its secret, of which only the SHA-256 is ever stored. The signature is 18 bytes in base64url (24
 * characters): 2 that identify the signing key, and the first 16 of HMAC-SHA-256(key, id text). A token that does not verify never
 * reaches the store. Instead of random bytes, a token derived from an id that the application has chosen has the SHA-256 of that.
 */
export interface Tokens {
  /** A token for a new session, or, given a handle, a new token for that session. */
  issue(handle?: string): IssuedToken;
  /** The token of the session with an id that the application has chosen: always the same, apart from its signature. */
  derive(id: string): IssuedToken;
  verify(token: string): VerifiedToken;
}

export interface IssuedToken extends SessionRef {
  readonly token: string;
  /** The fingerprint of the key that signed it; `undefined`: not to be recorded. */
  readonly signingKey?: string | undefined;
}

export interface TokenOptions {
  /** Whether sessions are to record which key signed their token. Default: no. */
  readonly recordsKeys?: boolean;
}

export type TokenProblem = 'malformed' | 'bad_signature' | 'unknown_key';

export type VerifiedToken =
  | { readonly valid: true; readonly ref: SessionRef }
  | { readonly valid: false; readonly problem: TokenProblem };

interface SigningKey {
  readonly key: KeyObject;
  readonly id: Buffer;
  /** `undefined`: not to be recorded. */
  readonly fingerprint: string | undefined;
}

const handleBytes = 16;
const secretBytes = 16;
const keyIdBytes = 2;
const fingerprintBytes = 6;
const macBytes = 16;
const tokenPattern = /^([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{24})$/;

/**
 * @param keys the signing keys, at least one: the first signs, all verify.
 */
export function createTokens(keys: readonly Buffer[], { recordsKeys = false }: TokenOptions = {}): Tokens {
  const signingKeys = keys.map((key) => ({
    // Node.js 24 needs three times as long to sign with a key in a Buffer.
    key: createSecretKey(key),
    id: sha256(key).subarray(0, keyIdBytes),
    fingerprint: recordsKeys ? fingerprintOf(key) : undefined,
  }));
  const [newest] = signingKeys;
  if (newest === undefined) throw new TypeError('Expected at least one signing key.');

  return {
    issue(handle) {
      const handlePart = handle === undefined ? randomBytes(handleBytes) : Buffer.from(handle, 'base64url');
      return sign(newest, Buffer.concat([handlePart, randomBytes(secretBytes)]));
    },

    derive(id) {
      return sign(newest, sha256(Buffer.from(`session.v1 id ${id}`)));
    },

    verify(token) {
      const [, id, signature] = tokenPattern.exec(token) ?? [];
      if (id === undefined || signature === undefined) return { valid: false, problem: 'malformed' };
      const signatureBytes = Buffer.from(signature, 'base64url');
      const keyId = signatureBytes.subarray(0, keyIdBytes);
      const candidates = signingKeys.filter((candidate) => candidate.id.equals(keyId));
      if (candidates.length === 0) return { valid: false, problem: 'unknown_key' };
      const given = signatureBytes.subarray(keyIdBytes);
      if (!candidates.some(({ key }) => timingSafeEqual(mac(key, id), given))) {
        return { valid: false, problem: 'bad_signature' };
      }
      return { valid: true, ref: refOf(Buffer.from(id, 'base64url')) };
    },
  };
}

/** Whether a text looks like a token. Its signature is not verified. */
export function isTokenShaped(text: string): boolean {
  return tokenPattern.test(text);
}

/** What identifies a signing key for people and in records: 8 characters, which reveal nothing of a random key. */
export function fingerprintOf(key: Buffer): string {
  return sha256(key).subarray(0, fingerprintBytes).toString('base64url');
}

/** A signing key for a store that does not outlive the process. */
export function randomSigningKey(): Buffer {
  return randomBytes(32);
}

/** @param bytes of the handle and the secret */
function sign({ key, id: keyId, fingerprint: signingKey }: SigningKey, bytes: Buffer): IssuedToken {
  const id = bytes.toString('base64url');
  const signature = Buffer.concat([keyId, mac(key, id)]).toString('base64url');
  return { token: `${id}.${signature}`, ...refOf(bytes), signingKey };
}

/** @param bytes of the handle and the secret */
function refOf(bytes: Buffer): SessionRef {
  const secret = bytes.subarray(handleBytes);
  return {
    handle: bytes.subarray(0, handleBytes).toString('base64url'),
    secretHash: sha256(secret).toString('base64url'),
  };
}

function mac(key: KeyObject, id: string): Buffer {
  return createHmac('sha256', key).update(id).digest().subarray(0, macBytes);
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
