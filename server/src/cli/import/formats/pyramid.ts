import { elementsOf, membersOf } from '../json-text';
import type { Format } from './format';

/** What Pyramid puts before the name of a flash queue, and where it keeps the CSRF token. */
const flashPrefix = '_f_';
const csrfKey = '_csrft_';

/**
 * pyramid_session_redis 1.8 (records of format 1) with a serializer that writes JSON. The key is the id, with the prefix if there is
 * one. The timeout is that of the session itself, because what is left of it would remain its timeout.
 */
export const pyramid: Format = {
  read({ key, text, ttlMs }, now) {
    const { m: managed, v: version, t: timeout, x: expires } = Object.fromEntries(membersOf(text) ?? []);
    const data = membersOf(managed ?? '');
    if (data === undefined || version !== '1') return 'other_format';
    const end = millisecondsOf(expires);
    if (end !== undefined && end <= now) return 'expired';
    return { id: key, ...contentOf(data), lifetimeMs: millisecondsOf(timeout) ?? ttlMs };
  },
};

/** @returns `undefined` for what is no number above 0 */
function millisecondsOf(seconds: string | undefined): number | undefined {
  const value: unknown = JSON.parse(seconds ?? 'null');
  return typeof value === 'number' && value > 0 ? value * 1000 : undefined;
}

function contentOf(managed: ReadonlyMap<string, string>) {
  const data = new Map(managed);
  const flash = new Map<string, readonly string[]>();
  for (const [key, text] of managed) {
    const messages = key.startsWith(flashPrefix) ? elementsOf(text) : undefined;
    if (messages === undefined) continue;
    data.delete(key);
    if (messages.length > 0) flash.set(key.slice(flashPrefix.length), messages);
  }
  const csrfToken: unknown = JSON.parse(data.get(csrfKey) ?? 'null');
  data.delete(csrfKey);
  return { data, flash, csrfToken: isCsrfToken(csrfToken) ? csrfToken : undefined };
}

/** Long enough, and of characters that a record can have. */
function isCsrfToken(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{20,128}$/.test(value);
}
