import { randomBytes } from 'node:crypto';
import type { ISession } from '../session/session';

/**
 * Returns the session's CSRF token for one response, masked: each call returns another text, and all of them are accepted. So the
 * token cannot be guessed from the sizes of compressed responses that also contain what an attacker has sent (BREACH).
 *
 * Costs a call to the sidecar only for a new session, which is stored then.
 */
export async function csrfToken(session: Pick<ISession<object>, 'csrfToken'>): Promise<string> {
  return maskToken(await session.csrfToken());
}

/** The token XOR a random pad of its length, after the pad. */
export function maskToken(token: string): string {
  const bytes = Buffer.from(token);
  const pad = randomBytes(bytes.length);
  return Buffer.concat([pad, xor(bytes, pad)]).toString('base64url');
}

/** Whether a text is the session's CSRF token, masked or as `session.csrfToken()` returns it. Compares in constant time. */
export function isCsrfToken(session: Pick<ISession<object>, 'checkCsrfToken'>, text: string): boolean {
  return session.checkCsrfToken(unmaskToken(text)) || session.checkCsrfToken(text);
}

/** Returns what was masked. Any other text gives one that is no token. */
function unmaskToken(text: string): string {
  const bytes = Buffer.from(text, 'base64url');
  const length = bytes.length / 2;
  return xor(bytes.subarray(length), bytes.subarray(0, length)).toString();
}

function xor(bytes: Uint8Array, pad: Uint8Array): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte ^ (pad[index] ?? 0)));
}
