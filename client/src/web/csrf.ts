import type { IncomingHttpHeaders } from 'node:http';

/** Methods that change nothing, so a forged request does no harm (RFC 9110, section 9.2.1). */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

interface CsrfRequest {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body?: unknown;
}

/** A request that changes something did not carry the session's CSRF token. */
export class CsrfError extends Error {
  override readonly name = 'CsrfError';
  readonly code = 'CSRF_TOKEN_INVALID';
  readonly status = 403;

  constructor() {
    super(
      'The request does not carry the CSRF token of its session. Send it as the header X-CSRF-Token or the form field csrf_token.',
    );
  }
}

/**
 * @throws CsrfError unless the request's method is safe, or its header `X-CSRF-Token` or, without one, its body field
 * `csrf_token` is the session's CSRF token. The query string is ignored, because it ends up in logs and referrers.
 */
export function assertCsrfToken(
  session: () => { checkCsrfToken(token: string | undefined): boolean },
  request: CsrfRequest,
): void {
  if (request.method !== undefined && safeMethods.has(request.method)) return;
  if (!session().checkCsrfToken(tokenOf(request))) throw new CsrfError();
}

function tokenOf({ headers, body }: CsrfRequest): string | undefined {
  const header = headers['x-csrf-token'];
  if (typeof header === 'string' && header !== '') return header;
  const field: unknown =
    typeof body === 'object' && body !== null && 'csrf_token' in body ? body.csrf_token : undefined;
  return typeof field === 'string' ? field : undefined;
}
