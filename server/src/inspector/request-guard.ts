import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/**
 * Whether a request was meant for this server. A web page can point a name of its own at 127.0.0.1 (DNS rebinding) and would then
 * be allowed to read what it is answered; its requests carry that name. IP addresses cannot be pointed elsewhere.
 *
 * @param host the header `Host`
 * @param names further host names, in lower case
 */
export function isOwnHost(host: string | undefined, names: readonly string[]): boolean {
  const name = hostNameOf(host);
  return name !== undefined && (name === 'localhost' || isIP(name) !== 0 || names.includes(name));
}

function hostNameOf(host: string | undefined): string | undefined {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:\s/@[\]]+))(?::\d{1,5})?$/.exec(host?.toLowerCase() ?? '') ?? [];
  return bracketed ?? plain;
}

/**
 * Whether a page of another origin may have sent a request (CSRF). Browsers set `Sec-Fetch-Site` for https and loopback, and
 * `Origin` with every request that is not GET or HEAD; pages can set neither. curl sends none of them.
 */
export function isForeign({ host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host?.toLowerCase();
}
