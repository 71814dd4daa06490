import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { assertOwnOrigin, checkCsrf, resolveCsrf } from './csrf';
import type { CsrfOptions } from './csrf';
import { failureOf } from './failure';
import { isHttps } from './forwarded';
import type { ProxyOptions } from './forwarded';
import { requestHeaders } from './header-lists';
import { RequestSession, resolveSettings } from './request-session';
import type { LoadSession, SessionResponseOptions } from './request-session';
import type { WebSession } from './session-habits';
import { cutOff } from './response-gate';
import { startSessionResponse } from './session-response';

export * from './adapter-exports';
export type { LoadSession } from './request-session';
export type { ProxyOptions } from './forwarded';

/**
 * What the sessions of the application hold. Declare it once:
 *
 * ```ts
 * declare module '@session-sidecar/client/node' {
 *   interface SessionData { user?: { id: number; name: string }; cart: string[] }
 * }
 * ```
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- applications fill it
export interface SessionData {}

/** A listener of `node:http` with one parameter more, which loads the visitor's session. */
export type SessionListener<T extends object = SessionData> = (
  req: IncomingMessage,
  res: ServerResponse,
  session: LoadSession<T>,
) => unknown;

/** {@link WebSessionOptions}, with a client: {@link SessionResponseOptions}; {@link ProxyOptions}. */
export type SessionsOptions<T extends object = SessionData> = SessionResponseOptions<T> &
  ProxyOptions & {
    /**
     * Answers requests whose listener has failed, or whose session could not be saved. Nothing of the discarded response is left
     * then, unless its headers were sent. Default: the status of a SessionError or CsrfError, otherwise 500, as plain text.
     */
    readonly onError?: ((error: unknown, req: IncomingMessage, res: ServerResponse) => void) | undefined;
  };

/**
 * Makes listeners of `node:http` and `node:https` out of those that take a session. It is saved before the headers
 * of the response are sent; a request that does not load it costs no call to the sidecar.
 *
 * ```ts
 * const withSession = sessions({ address: 'localhost:50051' });
 * createServer(withSession(async (req, res, session) => res.end((await session()).get('user')?.name)));
 * ```
 */
export function sessions<T extends object = SessionData>(
  options: SessionsOptions<T>,
): (listener: SessionListener<T>) => RequestListener {
  const settings = resolveSettings<T>(options);
  const { onError = sendFailure, trustProxy = false } = options;
  return (listener) => (req, res) => {
    let hasFailed = false;
    const fail = (error: unknown): void => {
      // A listener that was cut off fails after the save did.
      if (hasFailed) return;
      hasFailed = true;
      if (!res.headersSent) onError(error, req, res);
      else if (!res.writableEnded) cutOff(res);
    };
    const session = startSessionResponse(settings, {
      req,
      res,
      isHttps: () => isHttps('encrypted' in req.socket, req.headers['x-forwarded-proto'], trustProxy),
      onError: fail,
    });
    void (async () => {
      try {
        await listener(req, res, session.loader);
      } catch (error) {
        fail(error);
      }
    })();
  };
}

function sendFailure(error: unknown, _req: IncomingMessage, res: ServerResponse): void {
  const { status, text } = failureOf(error);
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  res.writeHead(status, { 'Content-Type': 'text/plain' }).end(text);
}

/**
 * Rejects with a CsrfError of status 403 unless the request changes nothing, or has proof that it comes from the application's own
 * pages. A request with the header `X-CSRF-Token` needs no form.
 *
 * @param form the fields of the decoded body
 */
export type CsrfCheck = (
  req: IncomingMessage,
  session: LoadSession<SessionData>,
  form?: FormData | URLSearchParams | Readonly<Record<string, unknown>>,
) => Promise<void>;

/**
 * Makes a check for listeners, which await it before they change something. Pages get the proof from `csrfToken(await session())` and
 * send it as the form field `csrf_token` or the header `X-CSRF-Token`.
 *
 * ```ts
 * const checkCsrf = csrf();
 * createServer(withSession(async (req, res, session) => {
 *   await checkCsrf(req, session, new URLSearchParams(await text(req)));
 *   // …
 * }));
 * ```
 */
export function csrf(options?: CsrfOptions): CsrfCheck {
  const settings = resolveCsrf(options);
  return (req, session, form) => {
    const origin = { headers: requestHeaders(req), host: hostOf(req) };
    return checkCsrf(settings, { ...origin, method: req.method, body: () => form, session });
  };
}

export type SessionOpenerOptions<T extends object = SessionData> = SessionResponseOptions<T> & CsrfOptions;

/**
 * Makes a function that opens the session of a request that gets no response of its own: one that becomes a WebSocket, or a
 * connection of Socket.IO. Nothing is saved by itself, and no cookie is set, so a session that `isNew` cannot be kept.
 *
 * ```ts
 * const openSession = sessionOpener({ address: 'localhost:50051' });
 * server.on('upgrade', (req, socket, head) => openSession(req).then((session) => { … }, (error) => { … }));
 * ```
 *
 * The function rejects with a CsrfError of status 403, without a call to the sidecar, if a page of another origin has sent the
 * request, unless that is one of the `trustedOrigins`: browsers let any page open a WebSocket, with the visitor's cookie. It rejects with
 * a SessionError of status 503 if the sidecar or its store is unavailable.
 */
export function sessionOpener<T extends object = SessionData>(
  options: SessionOpenerOptions<T>,
): (req: Pick<IncomingMessage, 'headers'>) => Promise<WebSession<T>> {
  const settings = resolveSettings<T>(options);
  const csrfSettings = resolveCsrf(options);
  return async (req) => {
    const headers = requestHeaders(req);
    assertOwnOrigin(csrfSettings, { headers, host: hostOf(req) });
    return new RequestSession(settings, headers, false).load();
  };
}

/** HTTP/2 has another header for it. */
function hostOf({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  return headers.host ?? (headers[':authority'] as string | undefined);
}
