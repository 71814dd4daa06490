import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { ISession } from '../session';
import { SessionClient, type SessionClientOptions } from '../session-client';
import { decideCookie, readCookie, resolveCookie, setCookieHeader, type CookieOptions, type ResolvedCookie } from './cookie';
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
   * above sets no cookie for a new session, and nothing is stored for it. Default: true.
   */
  readonly cookieOnException?: boolean | undefined;
}

/** Either the client to use, or what a client of its own is made from. */
export type SessionsOptions = WebOptions &
  ({ readonly client: SessionClient<SessionData> } | (SessionClientOptions<SessionData> & { readonly client?: never }));

/**
 * Gives each request its `req.session`, and saves it before the headers of the response leave: a browser that has them finds
 * the session as it was left, whichever server it asks next. If that fails, the response is discarded and the error goes
 * to the error handlers, with a `status` of 409 when the session ended meanwhile, for example by a logout, and of 503 when
 * the sidecar cannot answer.
 *
 * A visitor with a session costs one call to the sidecar, and one more if something was written; a visitor without one
 * costs none, gets no cookie and leaves nothing behind. Mount it after whatever serves static files.
 *
 * What is written once the headers have left is saved when the response ends, but only to a session that exists: it is
 * too late for a cookie.
 */
export function sessions(options: SessionsOptions): RequestHandler {
  const client = options.client ?? new SessionClient<SessionData>(options);
  const cookie = resolveCookie(options.cookie);
  const { cookieOnException = true } = options;

  return (req, res, next) => {
    // Mounted twice: the outer one does it.
    if (Object.hasOwn(req, 'session')) return next();
    const token = readCookie(req.headers.cookie, cookie);
    const attach = (session: ISession<SessionData>) => {
      attachSession(req, res, next, { session, cookie, cookieOnException });
      next();
    };
    if (!token) return attach(client.create());
    client.open(token).then(attach, next);
  };
}

interface Attached {
  readonly session: ISession<SessionData>;
  readonly cookie: ResolvedCookie;
  readonly cookieOnException: boolean;
}

function attachSession(req: Request, res: Response, next: NextFunction, attached: Attached): void {
  const { session, cookie, cookieOnException } = attached;
  const arrived = session.token;
  let used = false;
  let failed = false;
  /** The token that the browser has once the headers have left. */
  let told: string | undefined;

  Object.defineProperty(req, 'session', {
    configurable: true,
    get() {
      used = true;
      return session;
    },
  });
  const isAbandoned = () => failed && !cookieOnException && session.token === undefined;

  installGate(res, {
    beforeHeaders(status) {
      failed = status >= 500;
      return used && !isAbandoned() && session.hasChanges ? session.save() : undefined;
    },
    onHeaders() {
      told = session.token;
      if (!used) return;
      res.vary('Cookie');
      const { isNew } = session;
      const decision = decideCookie({ arrived, current: session.token, isNew, failed, cookieOnException });
      if (decision === 'none') return;
      res.append('Set-Cookie', setCookieHeader(cookie, decision === 'set' ? session.token : undefined, req.secure));
      // RFC 9111 lets shared caches store a response with Set-Cookie; this is how to keep them from handing it on.
      if (!res.hasHeader('Cache-Control')) res.setHeader('Cache-Control', 'no-cache="Set-Cookie"');
    },
    beforeEnd() {
      if (!used || isAbandoned()) return undefined;
      if (session.token === undefined ? session.hasChanges : session.token !== told) return Promise.reject(tooLate());
      return session.hasChanges ? session.save() : undefined;
    },
    onError(error) {
      if (!res.headersSent) res.vary('Cookie');
      next(error);
    },
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
    if (!Object.hasOwn(req, 'session')) throw new TypeError('Expected `sessions()` to be mounted before `csrf()`');
    assertCsrfToken(() => req.session, req);
    next();
  };
}
