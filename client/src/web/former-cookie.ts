import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { parseCookie } from 'cookie';

/** The cookie of express-session, whose sessions were imported. */
export interface FormerCookieOptions {
  /** The `secret` that express-session had; of several, all. */
  readonly secret: string | readonly string[];
  /** The `name` that express-session had. Default: `connect.sid`. */
  readonly name?: string | undefined;
}

/** Reads the ids of sessions out of a header `Cookie`. */
export type ReadFormerId = (header: string | undefined) => string | undefined;

/** What cookie-signature puts before the id, and between the id and its signature. */
const [mark, separator] = ['s:', '.'];

/**
 * @returns `undefined` without options
 * @throws TypeError for an invalid option
 */
export function resolveFormerCookie(options: FormerCookieOptions | undefined): ReadFormerId | undefined {
  if (options === undefined) return undefined;
  const { secret, name = 'connect.sid' } = options;
  const secrets = typeof secret === 'string' ? [secret] : [...secret];
  if (secrets.length === 0 || secrets.some((each) => typeof each !== 'string' || each === '')) {
    throw new TypeError('Expected `formerCookie.secret` to be the secrets of express-session');
  }
  const keys = secrets.map((each) => createSecretKey(each, 'utf8'));
  return (header) => {
    const value = header === undefined ? undefined : parseCookie(header)[name];
    if (value?.startsWith(mark) !== true || !value.includes(separator)) return undefined;
    const end = value.lastIndexOf(separator);
    const [id, signature] = [value.slice(mark.length, end), Buffer.from(value.slice(end + separator.length))];
    const isGenuine = keys.some((key) => {
      const expected = Buffer.from(createHmac('sha256', key).update(id).digest('base64').replace(/=+$/, ''));
      return expected.length === signature.length && timingSafeEqual(expected, signature);
    });
    return isGenuine && id !== '' ? id : undefined;
  };
}
