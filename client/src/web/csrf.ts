import type { ISession } from '../session/session';
import { foreignOrigin, resolveTrustedOrigins } from './csrf-origin';
import type { RequestOrigin } from './csrf-origin';
import { isCsrfToken } from './csrf-token';

/* The protection against cross-site request forgery that all adapters share. It knows no framework. */

export interface CsrfOptions {
  /**
   * Origins, such as `https://shop.example.com`, whose pages may send requests that change something, beside those of the
   * application's own host. Their requests need the token, too. Default: none.
   */
  readonly trustedOrigins?: readonly string[] | undefined;
}

/** A request that changes something has no proof that it comes from the application's own pages. The message says what is wrong. */
export class CsrfError extends Error {
  override readonly name = 'CsrfError';
  /**
   * - `CSRF_ORIGIN_UNTRUSTED`: the request was sent by a page of another origin, which is not among the `trustedOrigins`.
   * - `CSRF_TOKEN_INVALID`: the request does not carry the CSRF token of its session.
   */
  readonly code: 'CSRF_ORIGIN_UNTRUSTED' | 'CSRF_TOKEN_INVALID';
  readonly status = 403;
  /** Frameworks may send the message to the browser. */
  readonly expose = true;

  constructor(code: CsrfError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** Methods that change nothing, so a forged request does no harm (RFC 9110, section 9.2.1). */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

export interface CsrfRequest extends RequestOrigin {
  readonly method: string | undefined;
  /** Returns the decoded body, if it was or can be decoded: an object with the fields, or `FormData`. Called if no header has the token. */
  readonly body: () => unknown;
  /** Loads the session. Called if the request carries a token. */
  readonly session: () => CsrfSession | Promise<CsrfSession>;
}

type CsrfSession = Pick<ISession<object>, 'checkCsrfToken'>;

export interface CsrfSettings {
  readonly trustedOrigins: ReadonlySet<string>;
}

/** @throws TypeError for an origin that no browser sends */
export function resolveCsrf({ trustedOrigins = [] }: CsrfOptions = {}): CsrfSettings {
  return { trustedOrigins: resolveTrustedOrigins(trustedOrigins) };
}

/**
 * Rejects with a CsrfError unless the request's method is safe, or it comes from a page that may send it and carries the session's
 * token: in the header `X-CSRF-Token` or, without one, in the form field `csrf_token`. The query string is ignored, because it
 * ends up in logs and referrers.
 */
export async function checkCsrf(settings: CsrfSettings, request: CsrfRequest): Promise<void> {
  if (request.method !== undefined && safeMethods.has(request.method)) return;
  assertOwnOrigin(settings, request);
  const token = request.headers.get('x-csrf-token') || fieldOf(await request.body());
  if (token === undefined) {
    throw new CsrfError(
      'CSRF_TOKEN_INVALID',
      'The request has no CSRF token. Send it as the header X-CSRF-Token or the form field csrf_token.',
    );
  }
  if (!isCsrfToken(await request.session(), token)) {
    throw new CsrfError('CSRF_TOKEN_INVALID', 'The CSRF token is not that of the session. Load the page again.');
  }
}

/** @throws CsrfError for a request that was sent by a page of another origin, unless that is trusted */
export function assertOwnOrigin({ trustedOrigins }: CsrfSettings, request: RequestOrigin): void {
  const foreign = foreignOrigin(request, trustedOrigins);
  if (foreign === undefined) return;
  throw new CsrfError('CSRF_ORIGIN_UNTRUSTED', `The request comes from a page of another origin: ${foreign}.`);
}

function fieldOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const isForm = body instanceof FormData || body instanceof URLSearchParams;
  const field: unknown = isForm ? body.get('csrf_token') : 'csrf_token' in body ? body.csrf_token : undefined;
  return typeof field === 'string' && field !== '' ? field : undefined;
}
