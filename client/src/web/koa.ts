import type { Middleware } from 'koa';
import type { ISession } from '../session/session';
import { resolveSettings } from './request-session';
import type { SessionResponseOptions } from './request-session';
import { startSessionResponse } from './session-response';

export type { CookieOptions } from './cookie';

/**
 * What the sessions of the application hold. Declare it once:
 *
 * ```ts
 * declare module '@session-sidecar/client/koa' {
 *   interface SessionData { user?: { id: number; name: string }; cart: string[] }
 * }
 * ```
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- applications fill it
export interface SessionData {}

declare module 'koa' {
  interface DefaultContext {
    /** Loads the visitor's session, which is saved before the response's headers are sent. Set by `sessions()`. */
    session(): Promise<ISession<SessionData>>;
  }
}

export type SessionsOptions = SessionResponseOptions<SessionData>;

/**
 * Gives each request its `ctx.session()`, and saves the session before the headers of the response are sent. If saving fails, the
 * response is discarded, and `ctx.onerror` answers with the `status` of the SessionError.
 *
 * A request that does not call `ctx.session()` costs no call to the sidecar. Set `app.proxy` if a proxy terminates https.
 */
export function sessions(options: SessionsOptions): Middleware {
  const settings = resolveSettings<SessionData>(options);
  return (ctx, next) => {
    if (Object.hasOwn(ctx, 'session')) throw new TypeError('Expected no other middleware to set `ctx.session`');
    const session = startSessionResponse(settings, {
      req: ctx.req,
      res: ctx.res,
      isHttps: () => ctx.secure,
      onError: (error) => ctx.onerror(error as Error),
    });
    ctx.session = () => session.load();
    return next();
  };
}
