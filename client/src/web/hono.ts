import type { MiddlewareHandler } from 'hono';
import { checkCsrf, resolveCsrf } from './csrf';
import type { CsrfOptions } from './csrf';
import { hasStatus } from './failure';
import { failureResponse, finishResponse } from './fetch-response';
import { hostOf, isHttps } from './forwarded';
import type { ProxyOptions } from './forwarded';
import { RequestSession, resolveSettings } from './request-session';
import type { LoadSession, SessionResponseOptions } from './request-session';

export * from './adapter-exports';
export type { LoadSession } from './request-session';
export type { ProxyOptions } from './forwarded';

/**
 * What the sessions of the application hold. Declare it once:
 *
 * ```ts
 * declare module '@session-sidecar/client/hono' {
 *   interface SessionData { user?: { id: number; name: string }; cart: string[] }
 * }
 * ```
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- applications fill it
export interface SessionData {}

declare module 'hono' {
  interface ContextVariableMap {
    /** Loads the visitor's session, which is saved before the response is sent. Set by `sessions()`. */
    session: LoadSession<SessionData>;
  }
}

/** {@link WebSessionOptions}, with a client: {@link SessionResponseOptions}; {@link ProxyOptions}. */
export type SessionsOptions<T extends object = SessionData> = SessionResponseOptions<T> & ProxyOptions;

/**
 * Gives each request its `c.var.session()`, and saves the session before the response is sent. If saving fails, the response is
 * replaced by one with the `status` of the SessionError. So is one of status 500 that a SessionError or CsrfError has caused;
 * `app.onError` may send any other.
 *
 * A request that does not call `c.var.session()` costs no call to the sidecar.
 */
export function sessions<T extends object = SessionData>(options: SessionsOptions<T>): MiddlewareHandler {
  const settings = resolveSettings<T>(options);
  const { trustProxy = false } = options;
  return async (c, next) => {
    const session = new RequestSession(settings, c.req.raw.headers);
    c.set('session', session.loader as unknown as LoadSession<SessionData>);
    await next();
    const isEncrypted = new URL(c.req.url).protocol === 'https:';
    const overHttps = isHttps(isEncrypted, c.req.header('x-forwarded-proto'), trustProxy);
    const { error, res } = c;
    // Otherwise, Hono adds the headers of the former response to the new one, and its cookies instead of the new ones.
    c.res = undefined;
    const failed = (cause: unknown): Promise<Response> => failureResponse(session, cause, overHttps);
    c.res = await (hasStatus(error) && res.status === 500
      ? failed(error)
      : finishResponse(session, res, overHttps).catch(failed));
  };
}

/**
 * Rejects requests that change something without proof that they come from the application's own pages, with a CsrfError of
 * status 403. Mount it after `sessions()`. Pages get the proof from `csrfToken(await c.var.session())` and send it as the form field
 * `csrf_token` or the header `X-CSRF-Token`. A form is parsed only if there is no such header; `c.req.parseBody()` returns it again.
 */
export function csrf(options?: CsrfOptions): MiddlewareHandler {
  const settings = resolveCsrf(options);
  return async (c, next) => {
    // Absent, whatever its type says, if `sessions()` is not mounted.
    const session = c.get('session') as LoadSession<SessionData> | undefined;
    if (session === undefined) throw new TypeError('Expected `sessions()` to be mounted before `csrf()`');
    const { method, raw } = c.req;
    const { headers } = raw;
    await checkCsrf(settings, {
      method,
      headers,
      host: hostOf(raw),
      body: () => c.req.parseBody(),
      session,
    });
    await next();
  };
}
