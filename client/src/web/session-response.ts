import type { IncomingMessage, ServerResponse } from 'node:http';
import { HeaderLists, requestHeaders } from './header-lists';
import { RequestSession } from './request-session';
import type { SessionResponseSettings } from './request-session';
import { installGate } from './response-gate';

/* What the adapters of web frameworks on `node:http` share. See express.ts. */

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
 * Holds the response until the session of its request is saved, and completes its headers. A request for an upgrade has no response:
 * its session can be used all the same, and an explicit `save()` saves it.
 */
export function startSessionResponse<T extends object>(
  settings: SessionResponseSettings<T>,
  exchange: Exchange,
): RequestSession<T> {
  const { req, res } = exchange;
  const hasResponse = isResponse(res);
  const session = new RequestSession(settings, requestHeaders(req), hasResponse);
  if (!hasResponse) return session;
  installGate(res, {
    beforeHeaders: (status) => session.beforeHeaders(status),
    onHeaders: () => {
      session.writeHeaders({ headers: new HeaderLists(res), status: res.statusCode, isHttps: exchange.isHttps() });
    },
    beforeEnd: () => session.beforeEnd(res.statusCode),
    onError: (error) => exchange.onError(error),
  });
  return session;
}

/** Middleware for express-session is called for upgrades, too, by Socket.IO for example: with an object that has a few methods, or none. */
function isResponse(res: Partial<ServerResponse>): boolean {
  return [res.on, res.getHeaderNames, res.writeHead, res.write, res.end, res.flushHeaders].every(
    (method) => typeof method === 'function',
  );
}
