import type { RequestHeaders } from './header-lists';

/** An option of adapters whose framework does not know about proxies. */
export interface ProxyOptions {
  /**
   * Whether to believe the header `X-Forwarded-Proto`, which decides over Secure cookies. Only if all requests come by a proxy
   * that sets it. Default: false.
   */
  readonly trustProxy?: boolean | undefined;
}

/**
 * Whether the browser sent a request over https.
 *
 * @param isEncrypted whether the request itself arrived by https
 * @param forwardedProto its header `X-Forwarded-Proto`; of several proxies, the first is the one that the browser talked to
 */
export function isHttps(isEncrypted: boolean, forwardedProto: unknown, trustProxy: boolean): boolean {
  if (!trustProxy || typeof forwardedProto !== 'string') return isEncrypted;
  return forwardedProto.split(',', 1)[0]!.trim().toLowerCase() === 'https';
}

/** The host that a request of the Fetch API was sent to. */
export function hostOf({ url, headers }: { readonly url: string; readonly headers: RequestHeaders }): string {
  return headers.get('host') ?? new URL(url).host;
}
