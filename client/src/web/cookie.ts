import { parseCookie, stringifySetCookie } from 'cookie';

/** The cookie that carries a session's token. */
export interface CookieOptions {
  /** Default: `session`. The prefixes `__Host-` and `__Secure-` ask for what browsers ask for with them. */
  readonly name?: string | undefined;
  /** Default: `/`. */
  readonly path?: string | undefined;
  /** Default: none, which is the host that set it and no subdomain. */
  readonly domain?: string | undefined;
  /** Whether browsers send it over https only. Default: `auto`, when the request that sets it came over https. */
  readonly secure?: boolean | 'auto' | undefined;
  /** Default: `lax`. `none` works only over https. */
  readonly sameSite?: 'strict' | 'lax' | 'none' | undefined;
  /** Whether scripts in the page are kept from reading it. Default: true. */
  readonly httpOnly?: boolean | undefined;
  /**
   * How long browsers keep it, in seconds from when it was set: it is not set again when the session is used. How long
   * the session lives is up to the sidecar. Default: none, until the browser is closed.
   */
  readonly maxAge?: number | undefined;
  /** Whether each top-level site gets its own one (CHIPS). Works only over https. Default: false. */
  readonly partitioned?: boolean | undefined;
}

export interface ResolvedCookie extends CookieOptions {
  readonly name: string;
  readonly path: string;
  readonly secure: boolean | 'auto';
  readonly sameSite: 'strict' | 'lax' | 'none';
  readonly httpOnly: boolean;
}

/** @throws TypeError for a cookie that cannot be written, or that browsers would refuse. */
export function resolveCookie(options: CookieOptions = {}): ResolvedCookie {
  const { name = 'session', path = '/', secure = 'auto', sameSite = 'lax', httpOnly = true } = options;
  const cookie = { ...options, name, path, secure, sameSite, httpOnly };
  if (/^__(Host|Secure)-/.test(name) && secure !== true) {
    throw new TypeError(`Expected \`cookie.secure\` to be true, because browsers refuse \`${name}\` otherwise`);
  }
  if (name.startsWith('__Host-') && (path !== '/' || options.domain !== undefined)) {
    throw new TypeError(
      `Expected \`cookie.path\` to be / and \`cookie.domain\` to be absent, because browsers refuse \`${name}\` otherwise`,
    );
  }
  setCookieHeader(cookie, 'token', true);
  return cookie;
}

/** The token in a `Cookie` header. */
export function readCookie(header: string | undefined, { name }: ResolvedCookie): string | undefined {
  return header === undefined ? undefined : parseCookie(header)[name];
}

/**
 * The `Set-Cookie` header that sets or deletes the cookie.
 *
 * @param token what to set; `undefined` deletes
 * @param isHttps whether the request came over https
 */
export function setCookieHeader(cookie: ResolvedCookie, token: string | undefined, isHttps: boolean): string {
  const { name, path, domain, secure, sameSite, httpOnly, maxAge, partitioned } = cookie;
  return stringifySetCookie({
    name,
    value: token ?? '',
    path,
    httpOnly,
    sameSite,
    secure: secure === 'auto' ? isHttps : secure,
    ...(domain !== undefined && { domain }),
    ...(partitioned !== undefined && { partitioned }),
    ...(token === undefined ? { maxAge: 0, expires: new Date(0) } : maxAge !== undefined && { maxAge }),
  });
}

export interface CookieFacts {
  /** The token of the live session that the request came with; `undefined`: none, or one that is not alive. */
  readonly arrived: string | undefined;
  /** The token of the session as it is when the response leaves; `undefined`: there is no stored session. */
  readonly current: string | undefined;
  /** Whether the current session is another one than the one that arrived. */
  readonly isNew: boolean;
  /** Whether the response tells of an exception. */
  readonly failed: boolean;
  /** Whether a session that is new gets its cookie also when the response tells of an exception. */
  readonly cookieOnException: boolean;
}

/**
 * What a response does to the cookie: all rules are here.
 *
 * It is set only when the browser does not have the token yet. It is deleted only when this request itself ended the live
 * session it came with and started no other. The cookie of a session that was already dead on arrival is left alone: a
 * parallel request may just have regenerated the token, and its cookie, which the browser may have by now, would be lost.
 */
export function decideCookie(facts: CookieFacts): 'set' | 'delete' | 'none' {
  const { arrived, current, isNew, failed, cookieOnException } = facts;
  // Only a new session can be withheld: an old one that was regenerated would be out of reach.
  const withheld = isNew && failed && !cookieOnException;
  if (current !== undefined && current !== arrived && !withheld) return 'set';
  const ended = arrived !== undefined && current !== arrived;
  return ended ? 'delete' : 'none';
}
