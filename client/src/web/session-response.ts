import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ISession } from '../session/session';
import { RequestSession } from './request-session';
import type { RequestHeaders, SessionResponseSettings } from './request-session';
import { installGate } from './response-gate';
import type { ResponseHeaders } from './response-headers';

/*
 * What the adapters of web frameworks on `node:http` share. An adapter resolves its options once, starts a SessionResponse
 * for each request before the application handles it, and hands out its `session`. See express.ts.
 */

/** One request and its response, and what only the framework knows about them. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Whether the browser sent the request over https, possibly to a proxy that the application trusts. */
  isHttps(): boolean;
  /**
   * Called when the session could not be saved. The application's response was discarded, as {@link GateHooks.onError} says;
   * send the error's response from within this call.
   */
  onError(error: unknown): void;
}

/**
 * Loads the session of a request, and has its response save it. Without a session cookie the sidecar is not asked and the
 * result is not a promise, so that frameworks with callbacks go on in the same tick.
 *
 * Rejects when the sidecar or its store cannot answer. The response is untouched then.
 */
export function startSessionResponse<T extends object>(
  settings: SessionResponseSettings<T>,
  exchange: Exchange,
): SessionResponse<T> | Promise<SessionResponse<T>> {
  const session = new RequestSession(settings, requestHeaders(exchange.req));
  const opened = session.open();
  const start = (): SessionResponse<T> => new SessionResponse(session, exchange);
  return opened instanceof Promise ? opened.then(start) : start();
}

/**
 * Holds a response until the session is saved, and completes its headers. A session that the application did not touch costs
 * nothing and leaves no trace in the response.
 */
export class SessionResponse<T extends object> {
  readonly #session: RequestSession<T>;

  constructor(session: RequestSession<T>, exchange: Exchange) {
    const { res } = exchange;
    this.#session = session;
    installGate(res, {
      beforeHeaders: (status) => session.beforeHeaders(status),
      onHeaders: () => {
        const headers = responseHeaders(res);
        session.writeHeaders({ headers, status: res.statusCode, isHttps: exchange.isHttps() });
      },
      beforeEnd: () => session.beforeEnd(res.statusCode),
      onError: (error) => exchange.onError(error),
    });
  }

  /** The visitor's session, for the application: reading this property counts as touching it. */
  get session(): ISession<T> {
    return this.#session.use();
  }
}

function requestHeaders(req: IncomingMessage): RequestHeaders {
  return { get: (name) => textOf(req.headers[name]) };
}

function responseHeaders(res: ServerResponse): ResponseHeaders {
  return {
    get: (name) => textOf(res.getHeader(name)),
    set: (name, value) => void res.setHeader(name, value),
    append: (name, value) => void res.appendHeader(name, value),
    delete: (name) => res.removeHeader(name),
    getSetCookie: () => [res.getHeader('Set-Cookie') ?? []].flat().map(String),
  };
}

function textOf(value: number | string | readonly string[] | undefined): string | null {
  return value === undefined ? null : [value].flat().join(', ');
}
