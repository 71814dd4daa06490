import { parseCookie, stringifySetCookie } from 'cookie';

/** The cookie that carries a session's token. */
export interface CookieOptions {
  /**
   * Default: `__Host-session_sidecar` if the cookie is Secure, has the path `/` and no domain, so that no other host can set
   * it; otherwise `session_sidecar`. A given name is used unchanged; if it has a prefix such as `__Secure-`, the other options
   * must satisfy it.
   */
  readonly name?: string | undefined;
  /** Default: `/`. */
  readonly path?: string | undefined;
  /** Default: none, which means the host that set it, without subdomains. */
  readonly domain?: string | undefined;
  /** Whether browsers send it over https only. Default: `auto`, which means if the request that sets it came over https. */
  readonly secure?: boolean | 'auto' | undefined;
  /** Default: `lax`. `none` requires a Secure cookie; with `secure: 'auto'`, the cookie is `lax` over http. */
  readonly sameSite?: 'strict' | 'lax' | 'none' | undefined;
  /** Whether it is hidden from scripts in the page. Default: true. */
  readonly httpOnly?: boolean | undefined;
  /**
   * How long browsers keep it, in seconds since it was set; using the session does not set it again. The lifetime of the
   * session itself is up to the sidecar. At least 1; browsers keep cookies for 400 days at most. Default: none, which means
   * until the browser is closed.
   */
  readonly maxAge?: number | undefined;
  /**
   * Whether each top-level site has its own cookie (CHIPS). Requires a Secure cookie; with `secure: 'auto'`, has no effect
   * over http. Default: false.
   */
  readonly partitioned?: boolean | undefined;
}

/** {@link CookieOptions} with defaults, known to be acceptable to browsers. */
export interface ResolvedCookie {
  readonly name: string;
  /** Replaces `name` if the cookie is Secure; `undefined`: never. */
  readonly hostName: string | undefined;
  readonly path: string;
  readonly domain: string | undefined;
  readonly secure: boolean | 'auto';
  readonly sameSite: 'strict' | 'lax' | 'none';
  readonly httpOnly: boolean;
  readonly maxAge: number | undefined;
  readonly partitioned: boolean;
}

/** Not `session`, `sid` or `connect.sid`, which other frameworks on the same host may use. */
const defaultName = 'session_sidecar';

/** @throws TypeError for a cookie that cannot be written, or that browsers would reject or change */
export function resolveCookie(options: CookieOptions = {}): ResolvedCookie {
  const {
    path = '/',
    domain,
    secure = 'auto',
    sameSite = 'lax',
    httpOnly = true,
    maxAge,
    partitioned = false,
  } = options;
  if (secure !== 'auto' && typeof secure !== 'boolean') {
    throw new TypeError(
      `Expected \`cookie.secure\` to be a boolean or 'auto', got \`${String(secure)}\` (${typeof secure})`,
    );
  }
  if (!['strict', 'lax', 'none'].includes(sameSite)) {
    // Case matters: `None` would be written, but not recognised as requiring Secure.
    throw new TypeError(`Expected \`cookie.sameSite\` to be strict, lax or none, got \`${sameSite}\``);
  }
  const name = options.name ?? defaultName;
  const mayBeHostOnly = options.name === undefined && secure !== false && path === '/' && domain === undefined;
  const hostName = mayBeHostOnly ? `__Host-${name}` : undefined;
  const cookie = { name, hostName, path, domain, secure, sameSite, httpOnly, maxAge, partitioned };
  // Throws for characters that no cookie can have.
  for (const each of namesOf(cookie)) setCookieHeader(cookie, { name: each, token: 'token', secure: secure !== false });
  assertKept(cookie);
  return cookie;
}

/** In characters. Browsers ignore longer attributes, and cookies whose name and value together exceed four times as many. */
const maxAttributeLength = 1024;

/** Checks what browsers require of a cookie (RFC 6265bis, section 5.7), as far as the options decide it. */
function assertKept({ name, path, domain, secure, sameSite, httpOnly, maxAge, partitioned }: ResolvedCookie): void {
  const expect = (holds: boolean, option: string, expected: string, because: string): void => {
    if (!holds) throw new TypeError(`Expected \`cookie.${option}\` to be ${expected}, because browsers ${because}`);
  };
  // Browsers ignore the case of prefixes.
  const [prefix] = /^__(host-http|host|http|secure)-/i.exec(name.toLowerCase())?.slice(1) ?? [];
  const refuse = `reject \`${name}\` otherwise`;
  expect(prefix === undefined || secure === true, 'secure', 'true', refuse);
  expect(
    !prefix?.startsWith('host') || (path === '/' && domain === undefined),
    'path',
    '/ and `cookie.domain` to be absent',
    refuse,
  );
  expect(!prefix?.endsWith('http') || httpOnly, 'httpOnly', 'true', refuse);
  expect(sameSite !== 'none' || secure !== false, 'secure', 'true', 'reject SameSite=None otherwise');
  expect(!partitioned || secure !== false, 'secure', 'true', 'reject Partitioned otherwise');
  expect(maxAge === undefined || maxAge >= 1, 'maxAge', 'at least 1', 'delete the cookie otherwise');
  expect(path.startsWith('/'), 'path', 'a path that begins with /', 'replace it otherwise');
  const lengths = [
    ['name', name],
    ['path', path],
    ['domain', domain ?? ''],
  ] as const;
  for (const [option, text] of lengths) {
    expect(text.length <= maxAttributeLength, option, `at most ${maxAttributeLength} characters`, 'ignore longer ones');
  }
}

/** The session cookies of a request. */
export interface RequestCookies {
  /** Possible session tokens, without duplicates, in the order in which to try them. */
  readonly tokens: readonly string[];
  /** The names of the cookies that were present. */
  readonly names: readonly string[];
}

/**
 * Reads a `Cookie` header. A browser sends several cookies of one name if they were set for different paths or domains, possibly
 * by another host of the same site, and does not say which is which. So every value that could be a token is returned: those of
 * the `__Host-` name, which only this host can set, come first; otherwise the browser's order is kept.
 */
export function readCookies(header: string | undefined, cookie: ResolvedCookie): RequestCookies {
  if (header === undefined) return { tokens: [], names: [] };
  const found = header.split(';').map((pair) => parseCookie(pair));
  const valuesOf = (name: string): string[] => found.flatMap(({ [name]: value }) => (value ? [value] : []));
  const names = namesOf(cookie).filter((name) => found.some((each) => name in each));
  const values = names.flatMap(valuesOf);
  const tokens = [...new Set(values.filter(isToken))];
  // If none has the form of a token, only one is tried.
  return { tokens: tokens.length > 0 ? tokens : values.slice(0, 1), names };
}

/** Checks the form only; the sidecar verifies the token. */
function isToken(text: string): boolean {
  return /^[\w-]{16,128}\.[\w-]{16,128}$/.test(text);
}

/** All names that the cookie may have, the most trustworthy first. */
function namesOf({ name, hostName }: ResolvedCookie): readonly string[] {
  return hostName === undefined ? [name] : [hostName, name];
}

/**
 * The `Set-Cookie` headers, usually one, after which the browser has this token and no other: cookies of other names that the
 * request carried are deleted.
 *
 * @param token the token to set; `undefined` deletes the cookie
 * @param request whether it came over https, and the {@link RequestCookies.names} it carried
 */
export function setCookieHeaders(
  cookie: ResolvedCookie,
  token: string | undefined,
  { isHttps, names }: { readonly isHttps: boolean; readonly names: readonly string[] },
): readonly string[] {
  const secure = cookie.secure === 'auto' ? isHttps : cookie.secure;
  const name = cookie.hostName !== undefined && secure ? cookie.hostName : cookie.name;
  const headers = token === undefined ? [] : [setCookieHeader(cookie, { name, token, secure })];
  const outdated = token === undefined ? names : names.filter((brought) => brought !== name);
  return [...headers, ...outdated.map((each) => setCookieHeader(cookie, { name: each, token: undefined, secure }))];
}

interface SetCookie {
  readonly name: string;
  readonly token: string | undefined;
  readonly secure: boolean;
}

function setCookieHeader(cookie: ResolvedCookie, set: SetCookie): string {
  const { path, domain, sameSite, httpOnly, maxAge, partitioned } = cookie;
  const { name, token } = set;
  // A cookie whose name has the prefix was set over https, whatever a proxy in between says.
  const secure = name === cookie.hostName || set.secure;
  return stringifySetCookie({
    name,
    value: token ?? '',
    path,
    httpOnly,
    secure,
    sameSite: sameSite === 'none' && !secure ? 'lax' : sameSite,
    ...(partitioned && secure && { partitioned }),
    ...(domain !== undefined && { domain }),
    ...(token === undefined ? { maxAge: 0, expires: new Date(0) } : maxAge !== undefined && { maxAge }),
  });
}

export interface CookieFacts {
  /** The token of the session that was loaded for the request; `undefined`: none, or it had ended. */
  readonly arrived: string | undefined;
  /** The session's token when the response's headers are sent; `undefined`: it is not stored. */
  readonly current: string | undefined;
  /** Whether the session is another one than the one that was loaded. */
  readonly isNew: boolean;
  /** Whether the response reports a failure: status 500 or above. */
  readonly failed: boolean;
  /** Whether a new session gets its cookie even if the response reports a failure. */
  readonly cookieOnException: boolean;
}

/**
 * Decides what a response does to the cookie.
 *
 * It is set only if the browser does not have the token yet. It is deleted only if this request itself has ended the session
 * that was loaded, and started no other. The cookie of a session that had ended before is left alone: a parallel request may
 * just have regenerated the token, and the browser may already have that request's cookie, which would be lost.
 */
export function decideCookie(facts: CookieFacts): 'set' | 'delete' | 'none' {
  const { arrived, current } = facts;
  if (current !== undefined && current !== arrived && !isWithheld(facts)) return 'set';
  const ended = arrived !== undefined && current !== arrived;
  return ended ? 'delete' : 'none';
}

/**
 * Whether a session gets no cookie because the response reports a failure. Applies only to new sessions: an existing one whose
 * token was regenerated would become unreachable.
 */
export function isWithheld({
  isNew,
  failed,
  cookieOnException,
}: Pick<CookieFacts, 'isNew' | 'failed' | 'cookieOnException'>): boolean {
  return isNew && failed && !cookieOnException;
}
