import type { MiddlewareHandler } from 'hono';
import { SessionError } from '../errors/session-error';
import { failureResponse, finishResponse } from './fetch-response';
import { isHttps } from './forwarded';
import type { ProxyOptions } from './forwarded';
import { RequestSession, resolveSettings } from './request-session';
import type { LoadSession, SessionResponseOptions } from './request-session';

export type { CookieOptions } from './cookie';

/**
 * What the sessions of the application hold. Declare it once:
 *
 * ```ts
 * declare module '@session-sidecar/client/hono' {
 *   interface SessionData { user?: { id: number; name: string }; cart: string[] }
 * }
 * ```
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- applications fill it
export interface SessionData {}

declare module 'hono' {
  interface ContextVariableMap {
    /** Loads the visitor's session, which is saved before the response is sent. Set by `sessions()`. */
    session: LoadSession<SessionData>;
  }
}

export type SessionsOptions = SessionResponseOptions<SessionData> & ProxyOptions;

/**
 * Gives each request its `c.var.session()`, and saves the session before the response is sent. If saving fails, the response is
 * replaced by one with the `status` of the SessionError. So is one of status 500 that a SessionError of a handler has caused;
 * `app.onError` may send any other.
 *
 * A request that does not call `c.var.session()` costs no call to the sidecar.
 */
export function sessions(options: SessionsOptions): MiddlewareHandler {
  const settings = resolveSettings<SessionData>(options);
  const { trustProxy = false } = options;
  return async (c, next) => {
    const session = new RequestSession(settings, c.req.raw.headers);
    c.set('session', () => session.load());
    await next();
    const isEncrypted = new URL(c.req.url).protocol === 'https:';
    const overHttps = isHttps(isEncrypted, c.req.header('x-forwarded-proto'), trustProxy);
    const { error, res } = c;
    // Otherwise, Hono adds the headers of the former response to the new one, and its cookies instead of the new ones.
    c.res = undefined;
    const failed = (cause: unknown): Promise<Response> => failureResponse(session, cause, overHttps);
    c.res = await (SessionError.is(error) && res.status === 500
      ? failed(error)
      : finishResponse(session, res, overHttps).catch(failed));
  };
}
