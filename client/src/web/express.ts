import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { ISession } from '../session/session';
import { SessionClient } from '../session-client';
import type { SessionClientOptions } from '../session-client';
import { decideCookie, isWithheld, readCookies, resolveCookie, setCookieHeaders } from './cookie';
import type { CookieOptions, RequestCookies, ResolvedCookie } from './cookie';
import { assertCsrfToken } from './csrf';
import { installGate } from './response-gate';

export { CsrfError } from './csrf';
export type { CookieOptions } from './cookie';

/**
 * What the sessions of the application hold. Declare it once:
 *
 * ```ts
 * declare module '@session-sidecar/client/express' {
 *   interface SessionData { user?: { id: number; name: string }; cart: string[] }
 * }
 * ```
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- applications fill it
export interface SessionData {}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the only way to add to Express's own types
  namespace Express {
    interface Request {
      /** The visitor's session, saved when the response leaves. There after `sessions()`. */
      readonly session: ISession<SessionData>;
    }
  }
}

interface WebOptions {
  readonly cookie?: CookieOptions | undefined;
  /**
   * Whether a visitor whose session was started by a request that failed keeps it. False: a response with status 500 or
   * above sets no cookie for a new session, and nothing stays stored for it. Default: true.
   */
  readonly cookieOnException?: boolean | undefined;
}

/** Either the client to use, or what a client of its own is made from. */
export type SessionsOptions = WebOptions &
  ({ readonly client: SessionClient<SessionData> } | (SessionClientOptions<SessionData> & { readonly client?: never }));

/** The requests that have a session from here. */
const attached = new WeakSet<Request>();

/**
 * Gives each request its `req.session`, and saves it before the headers of the response leave: a browser that has them finds
 * the session as it was left, whichever server it asks next. If that fails, the response is discarded and the error goes
 * to the error handlers, with a `status` of 409 when the session ended meanwhile, for example by a logout, and of 503 when
 * the sidecar cannot answer. Such an error's response starts from the headers that were set before `sessions()`, and what
 * is written to the session from then on is not saved.
 *
 * A request that brings the session cookie costs one call to the sidecar, whether it touches the session or not, and one
 * more if something was written; what asks the sidecar by itself, such as `popFlash()`, comes on top. Where the browser sends
 * several cookies of that name, up to three different tokens are tried, for a call each, until a session is found. A request without
 * the cookie costs none until something is written, gets no cookie and leaves nothing behind. So mount it after whatever
 * needs no session, such as static files and health checks, and after what every response needs, such as `compression()`
 * and `helmet()`. Of two `sessions()` on the way of a request, the first counts.
 *
 * Await whatever of the session returns a promise before sending anything. What is written once the headers have left is
 * saved when the response ends, but only to a session that exists: it is too late for a cookie. If that fails, the
 * connection is closed, as it is too late for a status as well. Nothing saves what is written after the response's end,
 * or after the headers of a response that has no end because `destroy()` cuts it off.
 */
export function sessions(options: SessionsOptions): RequestHandler {
  const client = options.client ?? new SessionClient<SessionData>(options);
  const cookie = resolveCookie(options.cookie);
  const { cookieOnException = true } = options;

  return (req, res, next) => {
    if (attached.has(req)) {
      next();
      return;
    }
    if (Object.hasOwn(req, 'session')) throw new TypeError('Expected no other middleware to set `req.session`');
    const brought = readCookies(req.headers.cookie, cookie);
    const attach = (session: ISession<SessionData>) => {
      attached.add(req);
      attachSession(req, res, next, { session, cookie, brought, cookieOnException });
      next();
    };
    if (brought.tokens.length === 0) attach(client.create());
    else client.open(brought.tokens).then(attach, next);
  };
}

interface Attached {
  readonly session: ISession<SessionData>;
  readonly cookie: ResolvedCookie;
  readonly brought: RequestCookies;
  readonly cookieOnException: boolean;
}

function attachSession(req: Request, res: Response, next: NextFunction, attachment: Attached): void {
  const { session, cookie, brought, cookieOnException } = attachment;
  const arrived = session.token;
  let used = false;
  /** The token that the browser has once the headers have left. */
  let told: string | undefined;

  Object.defineProperty(req, 'session', {
    configurable: true,
    get() {
      used = true;
      return session;
    },
  });
  const isFailure = (status: number) => status >= 500;
  const withheld = (status: number) =>
    isWithheld({ isNew: session.isNew, failed: isFailure(status), cookieOnException });
  const save = () => (session.hasChanges ? session.save() : undefined);

  installGate(res, {
    beforeHeaders(status) {
      if (!used) return undefined;
      if (!withheld(status)) return save();
      // Stored already, for example by csrfToken(), but nobody will ever have its token. If this fails, it expires by itself.
      return session.state === 'stored' ? session.invalidate().catch(() => {}) : undefined;
    },
    onHeaders() {
      told = session.token;
      if (!used) return;
      res.vary('Cookie');
      const { isNew } = session;
      const failed = isFailure(res.statusCode);
      const decision = decideCookie({ arrived, current: session.token, isNew, failed, cookieOnException });
      if (decision === 'none') return;
      const token = decision === 'set' ? session.token : undefined;
      for (const header of setCookieHeaders(cookie, token, req.secure, brought.names)) res.append('Set-Cookie', header);
      // RFC 9111 lets shared caches store a response with Set-Cookie; this is how to keep them from handing it on.
      res.append('Cache-Control', 'no-cache="Set-Cookie"');
    },
    beforeEnd() {
      if (!used || withheld(res.statusCode)) return undefined;
      if (session.token === undefined ? session.hasChanges : session.token !== told) return Promise.reject(tooLate());
      return save();
    },
    onError: next,
  });
}

function tooLate(): Error {
  return new Error(
    'The session was started or regenerated after the headers of the response had left, too late for its cookie. Write to the session before sending anything.',
  );
}

/**
 * Refuses requests that change something and do not prove that they come from the application's own pages, with a CsrfError
 * of status 403. Mount it after `sessions()` and after the parser of form bodies. Pages get the proof from
 * `req.session.csrfToken()` and send it as the form field `csrf_token` or the header `X-CSRF-Token`.
 */
export function csrf(): RequestHandler {
  return (req, _res, next) => {
    if (!attached.has(req)) throw new TypeError('Expected `sessions()` to be mounted before `csrf()`');
    assertCsrfToken(() => req.session, req);
    next();
  };
}
