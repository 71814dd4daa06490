import type { RequestHandler } from 'express';
import { checkCsrf, resolveCsrf } from './csrf';
import type { CsrfOptions } from './csrf';
import { requestHeaders } from './header-lists';
import { resolveSettings } from './request-session';
import type { SessionResponseOptions } from './request-session';
import type { WebSession } from './session-habits';
import { defineSession, hasSession } from './session-property';
import type { RequestSessions } from './session-property';
import { startSessionResponse } from './session-response';

export * from './adapter-exports';
export type { RequestSessions } from './session-property';

/**
 * What the sessions of the application hold. Declare it once:
 *
 * ```ts
 * declare module '@session-sidecar/client/express' {
 *   interface SessionData { user?: { id: number; name: string }; cart: string[] }
 * }
 * ```
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- applications fill it
export interface SessionData {}

declare global {
  // oxlint-disable-next-line typescript/no-namespace -- the only way to add to Express's own types
  namespace Express {
    interface Request {
      /** The visitor's session, saved before the response's headers are sent. Set by `sessions()`. */
      readonly session: WebSession<SessionData>;
      /** The session's public id. `undefined` unless it is stored. */
      readonly sessionID: string | undefined;
      /** Loads the session, where `sessions()` is `lazy`, and gives it a type other than the declared one. */
      readonly sessions: RequestSessions<SessionData>;
    }
  }
}

/** {@link WebSessionOptions}, with a client: {@link SessionResponseOptions}. */
export type SessionsOptions<T extends object = SessionData> = SessionResponseOptions<T> & {
  /**
   * Whether the session is loaded by `await req.sessions.load()`, rather than for each request that has the cookie. `req.session`
   * throws before that. Default: false.
   */
  readonly lazy?: boolean | undefined;
};

/**
 * Gives each request its `req.session`, and saves it before the headers of the response are sent: the browser's next request
 * finds the session as it was left, whichever server it reaches. If saving fails, the response is discarded and the error goes
 * to the error handlers, with a `status` of 409 when the session has ended meanwhile, for example by a logout, and of 503 when
 * the sidecar is unavailable. The error's response starts from the headers that were set before `sessions()`; what is written
 * to the session from then on is not saved.
 *
 * A request with the session cookie costs one call to the sidecar, and one more if something was written. Where the browser
 * sends several cookies of that name, up to three different tokens are tried, one call each. A request without the cookie costs
 * none until something is written. A session that cannot be loaded throws at its first use. Mount `sessions()` after whatever needs no session, such as static files, and after what every
 * response needs, such as `compression()`. Mounted twice, the second has no effect.
 *
 * Await the promises of the session before sending anything. What is written after the headers were sent is saved when the
 * response ends, but only to an existing session: it is too late for a cookie. If that fails, the connection is closed. What
 * is written after the response has ended, or was destroyed, is not saved.
 */
export function sessions<T extends object = SessionData>(options: SessionsOptions<T>): RequestHandler {
  const settings = resolveSettings<T>(options);
  return (req, res, next) => {
    if (hasSession(req)) return next();
    if (Object.hasOwn(req, 'session')) return next(new TypeError('Expected no other middleware to set `req.session`'));
    const session = startSessionResponse(settings, { req, res, isHttps: () => req.secure, onError: next });
    const opened = options.lazy ? undefined : session.open();
    // Error handlers find a session, too.
    defineSession(req, session);
    if (opened instanceof Promise) opened.then(() => next(), next);
    else next();
  };
}

/**
 * Rejects requests that change something without proof that they come from the application's own pages, with a CsrfError of
 * status 403. Mount it after `sessions()` and the parser of form bodies. Pages get the proof from `csrfToken(req.session)` and send
 * it as the form field `csrf_token` or the header `X-CSRF-Token`.
 */
export function csrf(options?: CsrfOptions): RequestHandler {
  const settings = resolveCsrf(options);
  return (req, _res, next) => {
    if (!hasSession(req)) throw new TypeError('Expected `sessions()` to be mounted before `csrf()`');
    const { method, headers } = req;
    checkCsrf(settings, {
      method,
      headers: requestHeaders(req),
      host: headers.host,
      body: () => req.body as unknown,
      session: () => req.sessions.load(),
    }).then(() => next(), next);
  };
}
