import { parseCookie, stringifySetCookie } from 'cookie';

/** The cookie that carries a session's token. */
export interface CookieOptions {
  /**
   * Default: `__Host-session_sidecar` if the cookie is Secure, has the path `/` and no domain, so that no other host can set
   * it; `__Secure-session_sidecar` if it is Secure otherwise, so that it cannot be set over http; `session_sidecar` if it is not
   * Secure. A given name is used unchanged; if it has a prefix such as `__Secure-`, the other options must satisfy it.
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
   * How long browsers keep it, in seconds since it was set. The lifetime of the session itself is up to the sidecar. At least 1;
   * browsers keep cookies for 400 days at most. Default: none, which means until the browser is closed.
   */
  readonly maxAge?: number | undefined;
  /**
   * Whether `maxAge` starts again whenever the visitor opens a page that uses the session. Without a write in the same request,
   * this costs one call, which confirms that no parallel request has replaced the token. Requests of scripts, images and the
   * like, and responses that shared caches may keep, do not set the cookie again. Requires `maxAge`. Default: false.
   */
  readonly rolling?: boolean | undefined;
  /**
   * Whether each top-level site has its own cookie (CHIPS). Requires a Secure cookie; with `secure: 'auto'`, has no effect
   * over http. Default: false.
   */
  readonly partitioned?: boolean | undefined;
  /** Which cookies Chromium drops first when a site has too many: those of low priority. Default: none, which means `medium`. */
  readonly priority?: 'low' | 'medium' | 'high' | undefined;
}

/** {@link CookieOptions} with defaults, known to be acceptable to browsers. */
export interface ResolvedCookie {
  readonly name: string;
  /** Replaces `name` if the cookie is Secure; `undefined`: never. */
  readonly prefixedName: string | undefined;
  readonly path: string;
  readonly domain: string | undefined;
  readonly secure: boolean | 'auto';
  readonly sameSite: 'strict' | 'lax' | 'none';
  readonly httpOnly: boolean;
  readonly maxAge: number | undefined;
  readonly rolling: boolean;
  readonly partitioned: boolean;
  readonly priority: 'low' | 'medium' | 'high' | undefined;
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
    rolling = false,
    partitioned = false,
    priority,
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
  const prefix = path === '/' && domain === undefined ? '__Host-' : '__Secure-';
  const prefixedName = options.name === undefined && secure !== false ? prefix + name : undefined;
  const attributes = { path, domain, secure, sameSite, httpOnly, maxAge, rolling, partitioned, priority };
  const cookie = { name, prefixedName, ...attributes };
  // Throws for characters that no cookie can have.
  for (const each of namesOf(cookie)) {
    setCookieHeader(cookie, { name: each, token: 'token', isSecure: secure !== false, isPersistent: true });
  }
  assertKept(cookie);
  return cookie;
}

/** In characters. Browsers ignore longer attributes, and cookies whose name and value together exceed four times as many. */
const maxAttributeLength = 1024;

/** Checks what browsers require of a cookie (RFC 6265bis, section 5.7), as far as the options decide it. */
function assertKept(cookie: ResolvedCookie): void {
  const { name, path, domain, secure, sameSite, httpOnly, maxAge, rolling, partitioned } = cookie;
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
  expect(!rolling || maxAge !== undefined, 'maxAge', 'given with `cookie.rolling`', 'have nothing to renew otherwise');
  expect(path.startsWith('/'), 'path', 'a path that begins with /', 'replace it otherwise');
  expect(path === path.trimEnd(), 'path', 'a path that does not end with a space', 'remove the space');
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
 * the name with a prefix, which cannot be set over http, come first; otherwise the browser's order is kept.
 */
export function readCookies(header: string | undefined, cookie: ResolvedCookie): RequestCookies {
  if (header === undefined) return { tokens: [], names: [] };
  const own = namesOf(cookie);
  const pairs = header.split(';').filter((pair) => own.some((name) => pair.includes(name)));
  const found = pairs.map((pair) => parseCookie(pair));
  const valuesOf = (name: string): string[] => found.flatMap(({ [name]: value }) => (value ? [value] : []));
  const names = own.filter((name) => found.some((each) => name in each));
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
function namesOf({ name, prefixedName }: ResolvedCookie): readonly string[] {
  return prefixedName === undefined ? [name] : [prefixedName, name];
}

/** What a `Set-Cookie` header depends on, beside the options. */
export interface SetCookieRequest {
  /** Whether the request came over https. */
  readonly isHttps: boolean;
  /** The {@link RequestCookies.names} that it carried. */
  readonly names: readonly string[];
  /** Whether the browser keeps the cookie for `maxAge`, rather than until it is closed. */
  readonly isPersistent: boolean;
}

/**
 * The `Set-Cookie` headers, usually one, after which the browser has this token and no other: cookies of other names that the
 * request carried are deleted.
 *
 * @param token the token to set; `undefined` deletes the cookie
 */
export function setCookieHeaders(
  cookie: ResolvedCookie,
  token: string | undefined,
  { isHttps, names, isPersistent }: SetCookieRequest,
): readonly string[] {
  const isSecure = cookie.secure === 'auto' ? isHttps : cookie.secure;
  const name = cookie.prefixedName !== undefined && isSecure ? cookie.prefixedName : cookie.name;
  const outdated = token === undefined ? names : names.filter((brought) => brought !== name);
  const deletions = outdated.map((each) => ({ name: each, token: undefined, isSecure, isPersistent }));
  const sets = token === undefined ? [] : [{ name, token, isSecure, isPersistent }];
  return [...sets, ...deletions].map((set) => setCookieHeader(cookie, set));
}

interface SetCookie {
  readonly name: string;
  readonly token: string | undefined;
  readonly isSecure: boolean;
  readonly isPersistent: boolean;
}

function setCookieHeader(cookie: ResolvedCookie, set: SetCookie): string {
  const { path, domain, sameSite, httpOnly, maxAge, partitioned, priority } = cookie;
  const { name, token, isPersistent } = set;
  // A cookie whose name has the prefix was set over https, whatever a proxy in between says.
  const secure = name === cookie.prefixedName || set.isSecure;
  return stringifySetCookie({
    name,
    value: token ?? '',
    path,
    httpOnly,
    secure,
    sameSite: sameSite === 'none' && !secure ? 'lax' : sameSite,
    ...(partitioned && secure && { partitioned }),
    ...(priority !== undefined && { priority }),
    ...(domain !== undefined && { domain }),
    ...(token === undefined ? { maxAge: 0, expires: new Date(0) } : isPersistent && maxAge !== undefined && { maxAge }),
  });
}
