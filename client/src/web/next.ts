import { parseSetCookie } from 'cookie';
import type { SetCookie } from 'cookie';
import { isHttps } from './forwarded';
import type { ProxyOptions } from './forwarded';
import type { RequestHeaders } from './header-lists';
import { RequestSession, resolveSettings } from './request-session';
import type { LoadSession, SessionResponseOptions } from './request-session';
import type { ResponseHeaders } from './response-headers';

export * from './adapter-exports';

/**
 * What the sessions of the application hold. Declare it once:
 *
 * ```ts
 * declare module '@session-sidecar/client/next' {
 *   interface SessionData { user?: { id: number; name: string }; cart: string[] }
 * }
 * ```
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- applications fill it
export interface SessionData {}

/** What `await cookies()` returns in a server action, and the cookies of a `NextResponse`. */
export interface CookieStore {
  set(name: string, value: string, options: CookieAttributes): unknown;
}

export type CookieAttributes = Omit<SetCookie, 'name' | 'value'>;

/** A request of which Next.js makes the response. */
export interface NextRequest {
  /** What `await headers()` returns. */
  readonly headers: RequestHeaders;
  /** What `await cookies()` returns. Without it, as in a server component, which cannot set cookies, nothing is saved. */
  readonly cookies?: CookieStore | undefined;
}

export type SessionsOptions<T extends object = SessionData> = SessionResponseOptions<T> & ProxyOptions;

/**
 * Gives server actions and server components a session. For route handlers, middleware and `proxy.ts`, which return the response
 * themselves, use `@session-sidecar/client/fetch`.
 *
 * ```ts
 * const withSession = sessions({ address: 'localhost:50051', trustProxy: true });
 *
 * export async function addToCart(form: FormData) {
 *   'use server';
 *   await withSession({ headers: await headers(), cookies: await cookies() }, async (session) => {
 *     (await session()).get('cart')?.push(String(form.get('product')));
 *   });
 * }
 * ```
 *
 * The session is saved when `work` has ended, and then its cookie is set. What was thrown is thrown again afterwards. If saving
 * fails, this rejects with the SessionError instead, unless `work` has failed before. What Next.js's `redirect()` and the like
 * throw is no failure. A session that is not loaded costs no call to the sidecar.
 */
export function sessions<T extends object = SessionData>(
  options: SessionsOptions<T>,
): <Result>(request: NextRequest, work: (session: LoadSession<T>) => Result | Promise<Result>) => Promise<Result> {
  const settings = resolveSettings<T>(options);
  const { trustProxy = false } = options;
  return async ({ headers, cookies }, work) => {
    const session = new RequestSession(settings, headers, cookies !== undefined);
    const finish = async (status: number): Promise<void> => {
      if (cookies === undefined) return;
      const overHttps = isHttps(false, headers.get('x-forwarded-proto'), trustProxy);
      try {
        await session.beforeHeaders(status);
      } finally {
        session.writeHeaders({ headers: headersOf(cookies), status, isHttps: overHttps });
      }
    };
    let result;
    try {
      result = await work(session.loader);
    } catch (thrown) {
      await finish(isControlFlow(thrown) ? 200 : 500);
      throw thrown;
    }
    await finish(200);
    return result;
  };
}

/** Whether Next.js makes a response of what was thrown, as of `redirect()` and `notFound()`, rather than an error page. */
function isControlFlow(thrown: unknown): boolean {
  const digest: unknown =
    typeof thrown === 'object' && thrown !== null && 'digest' in thrown ? thrown.digest : undefined;
  return typeof digest === 'string' && /^NEXT_(REDIRECT|HTTP_ERROR_FALLBACK|NOT_FOUND);?/.test(digest);
}

/** Next.js keeps responses of server actions out of all caches. So only cookies are set. */
function headersOf(cookies: CookieStore): ResponseHeaders {
  return {
    get: () => null,
    set: () => {},
    delete: () => {},
    getSetCookie: () => [],
    append: (_name, setCookie) => {
      const { name, value = '', ...attributes } = parseSetCookie(setCookie);
      cookies.set(name, value, attributes);
    },
  };
}
