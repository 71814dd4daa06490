/** Directives that let shared caches keep a response. */
const sharedOnly: ReadonlySet<string> = new Set(['public', 's-maxage', 'proxy-revalidate']);

/** Headers that are for shared caches only, which obey them rather than `Cache-Control` (RFC 9213). */
const targeted = ['CDN-Cache-Control', 'Surrogate-Control'] as const;

/** The headers of a response, as `Headers` of the Fetch standard has them. */
export type ResponseHeaders = Pick<Headers, 'get' | 'set' | 'append' | 'delete' | 'getSetCookie'>;

/** The response at the moment when its headers are sent. */
export interface SentResponse {
  readonly headers: ResponseHeaders;
  readonly status: number;
  /** Whether the browser sent the request over https. */
  readonly isHttps: boolean;
}

/** Caches must not answer one visitor with what another visitor's session has put into a page. */
export function varyByCookie(headers: ResponseHeaders): void {
  const fields = headers.get('Vary') ?? '';
  if (/(^|,)\s*(\*|cookie)\s*(,|$)/i.test(fields)) return;
  headers.set('Vary', fields === '' ? 'Cookie' : `${fields}, Cookie`);
}

/** As many seconds as a sidecar or its store takes to come back, about. */
export function setRetryAfter(headers: ResponseHeaders): void {
  if (headers.get('Retry-After') === null) headers.set('Retry-After', '1');
}

/**
 * Adds `Set-Cookie` headers. They replace those of the same names, because browsers may apply several in any order (RFC 6265,
 * section 4.1.1). No shared cache may keep the response then: it would hand the cookie to other visitors.
 */
export function setCookies(headers: ResponseHeaders, cookies: readonly string[]): void {
  const names = new Set(cookies.map(nameOf));
  const others = headers.getSetCookie().filter((cookie) => !names.has(nameOf(cookie)));
  headers.delete('Set-Cookie');
  for (const cookie of [...others, ...cookies]) headers.append('Set-Cookie', cookie);
  headers.set('Cache-Control', withoutSharedCaches(headers.get('Cache-Control') ?? ''));
  for (const name of targeted) headers.delete(name);
}

/** Whether the application lets shared caches keep the response. */
export function isForSharedCaches(headers: ResponseHeaders): boolean {
  const directives = directivesOf(headers.get('Cache-Control') ?? '').map(directiveName);
  if (directives.some((name) => name === 'no-store' || name === 'private')) return false;
  return directives.some((name) => sharedOnly.has(name)) || targeted.some((name) => headers.get(name) !== null);
}

/** Directives that allow the visitor's own browser what they allowed, and everyone else nothing. */
function withoutSharedCaches(cacheControl: string): string {
  const directives = directivesOf(cacheControl);
  if (directives.some((directive) => directiveName(directive) === 'no-store')) return cacheControl;
  // A `private` that names fields allows the rest of the response to be shared.
  const kept = directives.filter((directive) => !['private', ...sharedOnly].includes(directiveName(directive)));
  return ['private', ...kept].join(', ');
}

/** Splits at commas, except those between quotation marks. */
function directivesOf(cacheControl: string): readonly string[] {
  return [...cacheControl.matchAll(/(?:[^,"]|"[^"]*"?)+/g)].map(([text]) => text.trim()).filter((text) => text !== '');
}

function directiveName(directive: string): string {
  return directive.split('=', 1)[0]!.trim().toLowerCase();
}

function nameOf(setCookie: string): string {
  return setCookie.split('=', 1)[0]!.trim();
}
