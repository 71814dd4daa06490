import { checkCsrf, resolveCsrf } from './csrf';
import type { CsrfOptions } from './csrf';
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
 * declare module '@session-sidecar/client/fetch' {
 *   interface SessionData { user?: { id: number; name: string }; cart: string[] }
 * }
 * ```
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- applications fill it
export interface SessionData {}

/** The first argument of a handler: the request, or as in Remix, React Router and SvelteKit, an object that has it. */
export type RequestArgument = Request | { readonly request: Request };

/** Handles a request. `session` comes before the arguments that the framework passes. */
export type SessionHandler<
  Arguments extends readonly [RequestArgument, ...unknown[]],
  T extends object = SessionData,
> = (session: LoadSession<T>, ...args: Arguments) => Response | Promise<Response>;

/** {@link WebSessionOptions}, with a client: {@link SessionResponseOptions}; {@link ProxyOptions}. */
export type SessionsOptions<T extends object = SessionData> = SessionResponseOptions<T> & ProxyOptions;

/**
 * Makes handlers of `Request` and `Response` out of those that take a session: route handlers of Next.js, loaders and actions of
 * Remix and React Router, endpoints of SvelteKit, and whatever else has the Fetch API. The session is saved before the response
 * is returned; a request that does not load it costs no call to the sidecar.
 *
 * ```ts
 * const withSession = sessions({ address: 'localhost:50051' });
 * export const GET = withSession(async (session, request: Request) => Response.json((await session()).get('cart')));
 * ```
 *
 * A SessionError, of the handler or of the save, or a CsrfError is answered with its `status`. A thrown Response is completed and thrown again.
 * Any other error is thrown again, too, and discards what was not saved, because its response is made elsewhere. So return
 * redirects rather than throwing them where the framework's redirect is not a Response.
 */
export function sessions<T extends object = SessionData>(
  options: SessionsOptions<T>,
): <Arguments extends readonly [RequestArgument, ...unknown[]]>(
  handler: SessionHandler<Arguments, T>,
) => (...args: Arguments) => Promise<Response> {
  const settings = resolveSettings<T>(options);
  const { trustProxy = false } = options;
  return (handler) =>
    async (...args) => {
      const [first]: readonly [RequestArgument, ...unknown[]] = args;
      const request = 'headers' in first ? first : first.request;
      const session = new RequestSession(settings, request.headers);
      const isEncrypted = new URL(request.url).protocol === 'https:';
      const overHttps = isHttps(isEncrypted, request.headers.get('x-forwarded-proto'), trustProxy);
      let finished: Response;
      let isThrown: boolean;
      try {
        const outcome = await outcomeOf(() => handler(session.loader, ...args));
        isThrown = outcome.isThrown;
        finished = await finishResponse(session, outcome.response, overHttps);
      } catch (error) {
        return failureResponse(session, error, overHttps);
      }
      // oxlint-disable-next-line typescript/only-throw-error -- as the handler did
      if (isThrown) throw finished;
      return finished;
    };
}

/** The response that was returned, or thrown, as some frameworks do, above all with redirects. */
async function outcomeOf(
  handle: () => Response | Promise<Response>,
): Promise<{ readonly response: Response; readonly isThrown: boolean }> {
  try {
    return { response: await handle(), isThrown: false };
  } catch (thrown) {
    if (thrown instanceof Response) return { response: thrown, isThrown: true };
    throw thrown;
  }
}

/**
 * Rejects with a CsrfError of status 403 unless the request changes nothing, or has proof that it comes from the application's own
 * pages. A request with the header `X-CSRF-Token` needs no form.
 */
export type CsrfCheck = (request: Request, session: LoadSession<SessionData>, form?: FormData) => Promise<void>;

/**
 * Makes a check for handlers of requests that change something. Pages get the proof from `csrfToken(await session())` and send it as
 * the form field `csrf_token` or the header `X-CSRF-Token`.
 *
 * ```ts
 * const checkCsrf = csrf();
 * export const POST = withSession(async (session, request: Request) => {
 *   const form = await request.formData();
 *   await checkCsrf(request, session, form);
 *   // …
 * });
 * ```
 */
export function csrf(options?: CsrfOptions): CsrfCheck {
  const settings = resolveCsrf(options);
  return (request, session, form) => {
    const { method, headers } = request;
    return checkCsrf(settings, { method, headers, host: hostOf(request), body: () => form, session });
  };
}
