import type { Middleware } from 'koa';
import { checkCsrf, resolveCsrf } from './csrf';
import type { CsrfOptions } from './csrf';
import { requestHeaders } from './header-lists';
import { resolveSettings } from './request-session';
import type { LoadSession, SessionResponseOptions } from './request-session';
import { startSessionResponse } from './session-response';

export * from './adapter-exports';
export type { LoadSession } from './request-session';

/**
 * What the sessions of the application hold. Declare it once:
 *
 * ```ts
 * declare module '@session-sidecar/client/koa' {
 *   interface SessionData { user?: { id: number; name: string }; cart: string[] }
 * }
 * ```
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- applications fill it
export interface SessionData {}

declare module 'koa' {
  interface DefaultContext {
    /** Loads the visitor's session, which is saved before the response's headers are sent. Set by `sessions()`. */
    readonly session: LoadSession<SessionData>;
  }
}

/** {@link WebSessionOptions}, with a client: {@link SessionResponseOptions}. */
export type SessionsOptions<T extends object = SessionData> = SessionResponseOptions<T>;

/**
 * Gives each request its `ctx.session()`, and saves the session before the headers of the response are sent. If saving fails, the
 * response is discarded, and `ctx.onerror` answers with the `status` of the SessionError.
 *
 * A request that does not call `ctx.session()` costs no call to the sidecar. Set `app.proxy` if a proxy terminates https.
 */
export function sessions<T extends object = SessionData>(options: SessionsOptions<T>): Middleware {
  const settings = resolveSettings<T>(options);
  return (ctx, next) => {
    if (Object.hasOwn(ctx, 'session')) throw new TypeError('Expected no other middleware to set `ctx.session`');
    const session = startSessionResponse(settings, {
      req: ctx.req,
      res: ctx.res,
      isHttps: () => ctx.secure,
      onError: (error) => ctx.onerror(error as Error),
    });
    Object.defineProperty(ctx, loaderOf, { value: session.loader });
    Object.defineProperty(ctx, 'session', sessionProperty);
    return next();
  };
}

const loaderOf = Symbol('loader');

/** Shared by all requests, for the reason that response-gate.ts gives. */
const sessionProperty: PropertyDescriptor & ThisType<{ readonly [loaderOf]: unknown }> = {
  configurable: true,
  get() {
    return this[loaderOf];
  },
  set() {
    throw new TypeError('Expected `(await ctx.session()).destroy()` instead of an assignment to `ctx.session`');
  },
};

/**
 * Rejects requests that change something without proof that they come from the application's own pages, with a CsrfError of
 * status 403. Mount it after `sessions()` and the parser of form bodies, which sets `ctx.request.body`. Pages get the proof from
 * `csrfToken(await ctx.session())` and send it as the form field `csrf_token` or the header `X-CSRF-Token`.
 */
export function csrf(options?: CsrfOptions): Middleware {
  const settings = resolveCsrf(options);
  return async (ctx, next) => {
    if (!Object.hasOwn(ctx, 'session')) throw new TypeError('Expected `sessions()` to be mounted before `csrf()`');
    const { method, host } = ctx;
    await checkCsrf(settings, {
      method,
      headers: requestHeaders(ctx),
      host,
      body: () => (ctx.request as { body?: unknown }).body,
      session: () => ctx.session(),
    });
    await next();
  };
}
