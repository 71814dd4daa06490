import type { RequestHeaders } from './header-lists';

/** Where a request came from, as far as browsers report it. Pages and their scripts cannot set these headers. */
export interface RequestOrigin {
  readonly headers: RequestHeaders;
  /** The host that the request was sent to, with its port if it has one: the application's own. */
  readonly host: string | undefined;
}

/** @throws TypeError for anything that browsers would not send as `Origin` */
export function resolveTrustedOrigins(origins: readonly string[]): ReadonlySet<string> {
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new TypeError(
        `Expected each of \`trustedOrigins\` to be an origin such as https://shop.example.com, got \`${origin}\``,
      );
    }
  }
  return new Set(origins);
}

/**
 * Why a request cannot come from one of the application's own pages, nor from a trusted one; `undefined`: it can.
 *
 * `Sec-Fetch-Site` decides. Browsers send it over https and to localhost only. Without it, the host of `Origin` or `Referer` must be
 * the one that the request was sent to. A request with none of them comes from no current browser; its token decides.
 */
export function foreignOrigin({ headers, host }: RequestOrigin, trusted: ReadonlySet<string>): string | undefined {
  const origin = headers.get('origin') || undefined;
  if (origin !== undefined && trusted.has(origin)) return undefined;
  const site = headers.get('sec-fetch-site');
  if (site === 'same-origin' || site === 'none') return undefined;
  if (site === 'same-site' || site === 'cross-site') return `Sec-Fetch-Site is ${site}, ${quoted('Origin', origin)}`;
  if (origin !== undefined) return isOf(host, origin) ? undefined : quoted('Origin', origin);
  const referer = headers.get('referer') || undefined;
  if (referer === undefined || isOf(host, referer) || trusted.has(originOf(referer))) return undefined;
  return quoted('the origin of Referer', originOf(referer));
}

function isOf(host: string | undefined, url: string): boolean {
  return host !== undefined && URL.canParse(url) && new URL(url).host === host.toLowerCase();
}

/** Without its path, which may be private. */
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : 'null';
}

function quoted(header: string, value: string | undefined): string {
  return value === undefined ? `${header} is absent` : `${header} is ${JSON.stringify(value)}`;
}
