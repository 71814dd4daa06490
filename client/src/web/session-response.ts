import type { IncomingMessage, ServerResponse } from 'node:http';
import { SessionClient } from '../session-client';
import type { SessionClientOptions } from '../session-client';
import type { ISession } from '../session/session';
import { decideCookie, isWithheld, readCookies, resolveCookie, setCookieHeaders } from './cookie';
import type { CookieFacts, CookieOptions, RequestCookies, ResolvedCookie } from './cookie';
import { installGate } from './response-gate';

/*
 * What the adapters of all web frameworks on `node:http` share. An adapter resolves its options once, starts a SessionResponse
 * for each request before the application handles it, and hands out its `session`. See express.ts.
 */

export interface CookieRules {
  readonly cookie?: CookieOptions | undefined;
  /**
   * Whether a visitor whose session was started by a request that failed keeps it. False: a response with status 500 or
   * above sets no cookie for a new session, and nothing stays stored for it. Default: true.
   */
  readonly cookieOnException?: boolean | undefined;
}

/** Either the client to use, or the options to create one with. */
export type SessionResponseOptions<T extends object> = CookieRules &
  ({ readonly client: SessionClient<T> } | (SessionClientOptions<T> & { readonly client?: never }));

export interface SessionResponseSettings<T extends object> {
  readonly client: SessionClient<T>;
  readonly cookie: ResolvedCookie;
  readonly cookieOnException: boolean;
}

/** @throws TypeError for a cookie that browsers would refuse, and whatever {@link SessionClient} throws. */
export function resolveSettings<T extends object>(options: SessionResponseOptions<T>): SessionResponseSettings<T> {
  const { client = new SessionClient<T>(options as SessionClientOptions<T>), cookieOnException = true } = options;
  return { client, cookie: resolveCookie(options.cookie), cookieOnException };
}

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
  const { client, cookie } = settings;
  const brought = readCookies(exchange.req.headers.cookie, cookie);
  const start = (session: ISession<T>): SessionResponse<T> => new SessionResponse(session, brought, settings, exchange);
  return brought.tokens.length === 0 ? start(client.create()) : client.open(brought.tokens).then(start);
}

/**
 * Holds a response until the session is saved, and decides what it does to the cookie. A session that the application did not
 * touch costs nothing and leaves no trace in the response.
 */
export class SessionResponse<T extends object> {
  readonly #session: ISession<T>;
  readonly #brought: RequestCookies;
  readonly #settings: SessionResponseSettings<T>;
  readonly #exchange: Exchange;
  readonly #arrivedToken: string | undefined;
  #isTouched = false;
  /** The token that the browser has once the headers are sent. */
  #sentToken: string | undefined;

  constructor(session: ISession<T>, brought: RequestCookies, settings: SessionResponseSettings<T>, exchange: Exchange) {
    this.#session = session;
    this.#brought = brought;
    this.#settings = settings;
    this.#exchange = exchange;
    this.#arrivedToken = session.token;
    installGate(exchange.res, {
      beforeHeaders: (status) => this.#beforeHeaders(status),
      onHeaders: () => this.#onHeaders(),
      beforeEnd: () => this.#beforeEnd(),
      onError: (error) => exchange.onError(error),
    });
  }

  /** The visitor's session, for the application: reading this property counts as touching it. */
  get session(): ISession<T> {
    this.#isTouched = true;
    return this.#session;
  }

  #beforeHeaders(status: number): Promise<void> | undefined {
    if (!this.#isTouched) return undefined;
    if (!isWithheld(this.#cookieFacts(status))) return this.#save();
    // Stored already, for example by csrfToken(), but its token is never sent. If this fails, the session expires by itself.
    return this.#session.state === 'stored' ? this.#session.invalidate().catch(() => {}) : undefined;
  }

  #onHeaders(): void {
    this.#sentToken = this.#session.token;
    if (!this.#isTouched) return;
    const { res } = this.#exchange;
    varyByCookie(res);
    const decision = decideCookie(this.#cookieFacts(res.statusCode));
    if (decision === 'none') return;
    const token = decision === 'set' ? this.#session.token : undefined;
    const request = { isHttps: this.#exchange.isHttps(), names: this.#brought.names };
    for (const header of setCookieHeaders(this.#settings.cookie, token, request))
      res.appendHeader('Set-Cookie', header);
    // RFC 9111 lets shared caches store a response with Set-Cookie; this is how to keep them from handing it on.
    res.appendHeader('Cache-Control', 'no-cache="Set-Cookie"');
  }

  #beforeEnd(): Promise<void> | undefined {
    const session = this.#session;
    if (!this.#isTouched || isWithheld(this.#cookieFacts(this.#exchange.res.statusCode))) return undefined;
    const isTooLate = session.token === undefined ? session.hasChanges : session.token !== this.#sentToken;
    return isTooLate ? Promise.reject(tooLate()) : this.#save();
  }

  #save(): Promise<void> | undefined {
    return this.#session.hasChanges ? this.#session.save() : undefined;
  }

  #cookieFacts(status: number): CookieFacts {
    const { token: current, isNew } = this.#session;
    const { cookieOnException } = this.#settings;
    return { arrived: this.#arrivedToken, current, isNew, failed: status >= 500, cookieOnException };
  }
}

/** Caches must not answer one visitor with what another visitor's session has put into a page. */
function varyByCookie(res: ServerResponse): void {
  const fields = [res.getHeader('Vary') ?? []].flat().join(', ');
  if (/(^|,)\s*(\*|cookie)\s*(,|$)/i.test(fields)) return;
  res.setHeader('Vary', fields === '' ? 'Cookie' : `${fields}, Cookie`);
}

function tooLate(): Error {
  return new Error(
    'The session was started or regenerated after the headers of the response were sent, too late for its cookie. Write to the session before sending anything.',
  );
}
