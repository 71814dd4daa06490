import { parseCookie, stringifySetCookie } from 'cookie';

/** The cookie that carries a session's token. */
export interface CookieOptions {
  /**
   * Default: `__Host-session_sidecar` where the cookie is Secure, its path is `/` and it has no domain, so that no other host
   * can set it; otherwise `session_sidecar`. A name that is given is used as it is; its prefix asks for what browsers ask for
   * with it.
   */
  readonly name?: string | undefined;
  /** Default: `/`. */
  readonly path?: string | undefined;
  /** Default: none, which is the host that set it and no subdomain. */
  readonly domain?: string | undefined;
  /** Whether browsers send it over https only. Default: `auto`, when the request that sets it came over https. */
  readonly secure?: boolean | 'auto' | undefined;
  /** Default: `lax`. `none` needs a Secure cookie; with `secure: 'auto'`, the cookie is `lax` over http. */
  readonly sameSite?: 'strict' | 'lax' | 'none' | undefined;
  /** Whether scripts in the page are kept from reading it. Default: true. */
  readonly httpOnly?: boolean | undefined;
  /**
   * How long browsers keep it, in seconds from when it was set: it is not set again when the session is used. How long
   * the session lives is up to the sidecar. At least 1; browsers keep no cookie for more than 400 days. Default: none, until
   * the browser is closed.
   */
  readonly maxAge?: number | undefined;
  /**
   * Whether each top-level site gets its own one (CHIPS). Needs a Secure cookie; with `secure: 'auto'`, it has no effect over
   * http. Default: false.
   */
  readonly partitioned?: boolean | undefined;
}

export interface ResolvedCookie {
  readonly name: string;
  /** Takes the place of `name` where the cookie is Secure; `undefined`: never. */
  readonly hostName: string | undefined;
  readonly path: string;
  readonly domain: string | undefined;
  readonly secure: boolean | 'auto';
  readonly sameSite: 'strict' | 'lax' | 'none';
  readonly httpOnly: boolean;
  readonly maxAge: number | undefined;
  readonly partitioned: boolean;
}

/** Not `session`, `sid` or `connect.sid`, which other frameworks on the same host use. */
const defaultName = 'session_sidecar';

/** @throws TypeError for a cookie that cannot be written, or that browsers would refuse or change. */
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
    // In other letters too: `None` would be written, but not be taken for what needs Secure.
    throw new TypeError(`Expected \`cookie.sameSite\` to be strict, lax or none, got \`${sameSite}\``);
  }
  const name = options.name ?? defaultName;
  const mayBeHostOnly = options.name === undefined && secure !== false && path === '/' && domain === undefined;
  const hostName = mayBeHostOnly ? `__Host-${name}` : undefined;
  const cookie = { name, hostName, path, domain, secure, sameSite, httpOnly, maxAge, partitioned };
  // Throws for what no cookie can have.
  for (const each of namesOf(cookie)) setCookieHeader(cookie, { name: each, token: 'token', secure: secure !== false });
  assertKept(cookie);
  return cookie;
}

/** Browsers ignore longer attributes, and cookies whose name and value are longer than four times that. */
const maxAttributeLength = 1024;

/** What browsers ask for (RFC 6265bis, section 5.7), as far as the options decide it. */
function assertKept({ name, path, domain, secure, sameSite, httpOnly, maxAge, partitioned }: ResolvedCookie): void {
  const expect = (holds: boolean, option: string, expected: string, because: string): void => {
    if (!holds) throw new TypeError(`Expected \`cookie.${option}\` to be ${expected}, because browsers ${because}`);
  };
  // Browsers do not tell upper from lower case here.
  const [prefix] = /^__(host-http|host|http|secure)-/i.exec(name.toLowerCase())?.slice(1) ?? [];
  const refuse = `refuse \`${name}\` otherwise`;
  expect(prefix === undefined || secure === true, 'secure', 'true', refuse);
  expect(
    !prefix?.startsWith('host') || (path === '/' && domain === undefined),
    'path',
    '/ and `cookie.domain` to be absent',
    refuse,
  );
  expect(!prefix?.endsWith('http') || httpOnly, 'httpOnly', 'true', refuse);
  expect(sameSite !== 'none' || secure !== false, 'secure', 'true', 'refuse SameSite=None otherwise');
  expect(!partitioned || secure !== false, 'secure', 'true', 'refuse Partitioned otherwise');
  expect(maxAge === undefined || maxAge >= 1, 'maxAge', 'at least 1', 'delete the cookie otherwise');
  expect(path.startsWith('/'), 'path', 'a path that begins with /', 'take another one otherwise');
  const lengths = [
    ['name', name],
    ['path', path],
    ['domain', domain ?? ''],
  ] as const;
  for (const [option, text] of lengths) {
    expect(
      text.length <= maxAttributeLength,
      option,
      `at most ${maxAttributeLength} characters`,
      'ignore what is longer',
    );
  }
}

/** What a request brought. */
export interface RequestCookies {
  /** The tokens that may be a session's, each once, in the order in which to try them. */
  readonly tokens: readonly string[];
  /** The names under which something came. */
  readonly names: readonly string[];
}

/**
 * Reads a `Cookie` header. A browser sends several cookies of one name when they were set for several paths or domains,
 * possibly by another host of the same site, and does not say which is which. So all tokens count that could be one. What came
 * by the name that only this host can set over https goes first, then the order is the browser's.
 */
export function readCookies(header: string | undefined, cookie: ResolvedCookie): RequestCookies {
  if (header === undefined) return { tokens: [], names: [] };
  const found = header.split(';').map((pair) => parseCookie(pair));
  const valuesOf = (name: string): string[] => found.flatMap(({ [name]: value }) => (value ? [value] : []));
  const names = namesOf(cookie).filter((name) => found.some((each) => name in each));
  const values = names.flatMap(valuesOf);
  const tokens = [...new Set(values.filter(isToken))];
  // Without any, what came is not worth more than one question.
  return { tokens: tokens.length > 0 ? tokens : values.slice(0, 1), names };
}

/** By its form; whether it is genuine the sidecar knows. */
function isToken(text: string): boolean {
  return /^[\w-]{16,128}\.[\w-]{16,128}$/.test(text);
}

/** All that the cookie may be called, the most trustworthy first. */
function namesOf({ name, hostName }: ResolvedCookie): readonly string[] {
  return hostName === undefined ? [name] : [hostName, name];
}

/**
 * The `Set-Cookie` headers that make the browser have this token and no other, under all names by which the request brought
 * something. One as a rule.
 *
 * @param token what to set; `undefined` deletes
 * @param request whether it came over https, and the names of {@link RequestCookies}
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
  const { arrived, current } = facts;
  if (current !== undefined && current !== arrived && !isWithheld(facts)) return 'set';
  const ended = arrived !== undefined && current !== arrived;
  return ended ? 'delete' : 'none';
}

/**
 * Whether a session gets no cookie because the response reports a failure. Only a new one: an old one that was regenerated
 * would be out of reach.
 */
export function isWithheld({
  isNew,
  failed,
  cookieOnException,
}: Pick<CookieFacts, 'isNew' | 'failed' | 'cookieOnException'>): boolean {
  return isNew && failed && !cookieOnException;
}
