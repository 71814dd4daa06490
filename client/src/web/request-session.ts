import { SessionClient } from '../session-client';
import type { SessionClientOptions } from '../session-client';
import type { ISession } from '../session/session';
import { readCookies, resolveCookie, setCookieHeaders } from './cookie';
import type { CookieOptions, RequestCookies, ResolvedCookie } from './cookie';
import { decideCookie, isWithheld, needsRenewal } from './cookie-rules';
import type { CookieFacts } from './cookie-rules';
import { isForSharedCaches, setCookies, varyByCookie } from './response-headers';
import type { ResponseHeaders } from './response-headers';
import { unavailableSession } from './unavailable-session';

/* What the adapters of all web frameworks share. It knows HTTP, but neither `node:http` nor the Fetch API. */

export interface CookieRules<T extends object> {
  readonly cookie?: CookieOptions | undefined;
  /**
   * Whether a visitor whose session was started by a request that failed keeps it. False: a response with status 500 or
   * above sets no cookie for a new session, and nothing stays stored for it. Default: true.
   */
  readonly cookieOnException?: boolean | undefined;
  /**
   * Whether this visitor's browser keeps the cookie for `cookie.maxAge`, as after a checked "remember me", rather than until it
   * is closed. Called for each session that is used, when it is loaded and when it is saved; a change sets the cookie again.
   * Requires `cookie.maxAge`. Default: yes, for all visitors.
   */
  readonly remember?: ((session: ISession<T>) => boolean) | undefined;
  /**
   * What a request gets whose session cannot be loaded, because the sidecar or its store is unavailable. `fail`: an error of
   * status 503. `read-only`: an empty session that can be read, and throws that error when it is written. After an error, error
   * handlers get such a session in any case. Default: `fail`, because a visitor must not be mistaken for a new one.
   */
  readonly whenUnavailable?: 'fail' | 'read-only' | undefined;
}

/** Either the client to use, or the options to create one with. */
export type SessionResponseOptions<T extends object> = CookieRules<T> &
  ({ readonly client: SessionClient<T> } | (SessionClientOptions<T> & { readonly client?: never }));

export interface SessionResponseSettings<T extends object> {
  readonly client: SessionClient<T>;
  readonly cookie: ResolvedCookie;
  readonly cookieOnException: boolean;
  readonly remember: (session: ISession<T>) => boolean;
  readonly whenUnavailable: 'fail' | 'read-only';
}

/** @throws TypeError for a cookie that browsers would refuse, and whatever {@link SessionClient} throws. */
export function resolveSettings<T extends object>(options: SessionResponseOptions<T>): SessionResponseSettings<T> {
  const { cookieOnException = true, remember, whenUnavailable = 'fail' } = options;
  const cookie = resolveCookie(options.cookie);
  if (remember !== undefined && cookie.maxAge === undefined) {
    throw new TypeError('Expected `cookie.maxAge` to be given with `remember`, because it says for how long');
  }
  if (!['fail', 'read-only'].includes(whenUnavailable)) {
    throw new TypeError(`Expected \`whenUnavailable\` to be fail or read-only, got \`${whenUnavailable}\``);
  }
  const { client = new SessionClient<T>(options as SessionClientOptions<T>) } = options;
  return { client, cookie, cookieOnException, remember: remember ?? (() => true), whenUnavailable };
}

/**
 * Loads the visitor's session at the first call; later calls of the same request get the same one. Rejects with a SessionError of
 * status 503 if the sidecar or its store is unavailable.
 */
export type LoadSession<T extends object> = () => Promise<ISession<T>>;

/** The headers of a request, as `Headers` of the Fetch standard has them. */
export type RequestHeaders = Pick<Headers, 'get'>;

/** The response at the moment when its headers are sent. */
export interface SentResponse {
  readonly headers: ResponseHeaders;
  readonly status: number;
  /** Whether the browser sent the request over https. */
  readonly isHttps: boolean;
}

/**
 * The session of one request. An adapter hands it out with {@link load}, waits for {@link beforeHeaders} before it sends the
 * headers of the response, and has {@link writeHeaders} complete them.
 *
 * A session that the application does not use costs no call, and leaves no trace in the response.
 */
export class RequestSession<T extends object> {
  readonly #settings: SessionResponseSettings<T>;
  readonly #brought: RequestCookies;
  readonly #fetchMode: string | undefined;
  #opening: ISession<T> | Promise<ISession<T>> | undefined;
  #opened: ISession<T> | undefined;
  #isUsed = false;
  /** What failed first, opening or saving. Nothing is saved any more then. */
  #failure: { readonly error: unknown } | undefined;
  #arrivedToken: string | undefined;
  /** Whether the browser was to keep the cookie when the session was loaded, and is to keep it now. */
  #persisted = false;
  #persists = false;
  #isRenewed = false;
  /** The token that the browser has once the headers are sent. */
  #sentToken: string | undefined;

  constructor(settings: SessionResponseSettings<T>, headers: RequestHeaders) {
    this.#settings = settings;
    this.#brought = readCookies(headers.get('cookie') ?? undefined, settings.cookie);
    this.#fetchMode = headers.get('sec-fetch-mode') ?? undefined;
  }

  /**
   * Opens the session, at the first call. Without a session cookie the sidecar is not called and the result is not a promise, so
   * that frameworks with callbacks go on in the same tick. Rejects if the sidecar or its store is unavailable.
   */
  open(): ISession<T> | Promise<ISession<T>> {
    return (this.#opening ??= this.#open());
  }

  #open(): ISession<T> | Promise<ISession<T>> {
    const { client, whenUnavailable } = this.#settings;
    const { tokens } = this.#brought;
    const opened = (session: ISession<T>): ISession<T> => {
      this.#arrivedToken = session.token;
      return (this.#opened = session);
    };
    if (tokens.length === 0) return opened(client.create());
    return client.open(tokens).then(opened, (error: unknown) => {
      this.#failure = { error };
      this.#opened = unavailableSession(client.create(), error);
      if (whenUnavailable === 'read-only') return this.#opened;
      throw error;
    });
  }

  /** The opened session, for the application: reading this property counts as using it. */
  get session(): ISession<T> {
    const session = this.#opened;
    if (session === undefined) throw new Error('The session is used before it was opened.');
    if (!this.#isUsed) {
      this.#isUsed = true;
      this.#persisted = this.#persists = this.#isPersistent(session);
    }
    return session;
  }

  /**
   * Opens the session at the first use. If that fails, error handlers, which come later, get an empty session that can only be
   * read.
   */
  async load(): Promise<ISession<T>> {
    if (this.#opened === undefined) await this.open();
    return this.session;
  }

  get #used(): ISession<T> | undefined {
    return this.#isUsed ? this.#opened : undefined;
  }

  /**
   * Saves the session. `undefined`: there is nothing to wait for. Rejects if it could not be saved, but not if the response
   * has status 400 or above, because the visitor is to see that failure. After a failure, does nothing: what is written for the
   * error's response is not saved.
   */
  beforeHeaders(status: number): Promise<void> | undefined {
    const session = this.#used;
    if (session === undefined || this.#failure !== undefined) return undefined;
    if (isWithheld(this.#factsOf(session, status))) {
      // Stored already, for example by csrfToken(), but its token is never sent. If this fails, the session expires by itself.
      return session.state === 'stored' ? session.invalidate().catch(() => {}) : undefined;
    }
    if (reportsFailure(status)) return trySave(session);
    try {
      this.#persists = this.#isPersistent(session);
      const saving = session.hasChanges ? session.save() : undefined;
      const work = this.#needsRenewal(session) ? this.#renew(session, saving) : saving;
      return work?.catch((error: unknown) => this.#fail(error));
    } catch (error) {
      return this.#fail(error);
    }
  }

  #fail(error: unknown): never {
    this.#failure = { error };
    throw error as Error;
  }

  /** For a response whose headers cannot be completed: leaves no session stored whose token is not sent. */
  async abandon(): Promise<void> {
    const session = this.#used;
    if (session?.isNew && session.state === 'stored') await session.invalidate().catch(() => {});
  }

  #needsRenewal(session: ISession<T>): boolean {
    if (session.token === undefined || session.token !== this.#arrivedToken) return false;
    const { rolling } = this.#settings.cookie;
    return needsRenewal({
      rolling,
      persisted: this.#persisted,
      persists: this.#persists,
      fetchMode: this.#fetchMode,
    });
  }

  /** A token that a parallel request has replaced must not return to the browser; a session that was saved has a current one. */
  async #renew(session: ISession<T>, saving: Promise<void> | undefined): Promise<void> {
    if (saving) await saving;
    this.#isRenewed = saving !== undefined || (await this.#isCurrent(session.token!));
  }

  #isCurrent(token: string): Promise<boolean> {
    return this.#settings.client.open(token).then(
      (found) => found.token === token,
      () => false,
    );
  }

  writeHeaders({ headers, status, isHttps }: SentResponse): void {
    if (status === 503 && this.#opening !== undefined && headers.get('Retry-After') === null) {
      headers.set('Retry-After', retryAfterSeconds);
    }
    this.#sentToken = this.#opened?.token;
    const session = this.#used;
    if (session === undefined) return;
    varyByCookie(headers);
    const isRenewed = this.#isRenewed && !isForSharedCaches(headers);
    const decision = decideCookie({ ...this.#factsOf(session, status), isRenewed });
    if (decision === 'none') return;
    const token = decision === 'set' ? session.token : undefined;
    const request = { isHttps, names: this.#brought.names, isPersistent: this.#persists };
    setCookies(headers, setCookieHeaders(this.#settings.cookie, token, request));
  }

  /**
   * Saves what was written after the headers were sent. `undefined`: nothing was. Rejects if that failed, or if it would need
   * another cookie, but not if the response has status 400 or above.
   */
  beforeEnd(status: number): Promise<void> | undefined {
    const session = this.#used;
    if (session === undefined || isWithheld(this.#factsOf(session, status))) return undefined;
    const known = this.#sentToken ?? this.#arrivedToken;
    const isTooLate = session.token === undefined ? session.hasChanges : session.token !== known;
    if (reportsFailure(status)) return isTooLate ? undefined : trySave(session);
    if (isTooLate) return Promise.reject(tooLate());
    return session.hasChanges ? session.save() : undefined;
  }

  #isPersistent(session: ISession<T>): boolean {
    const { cookie, remember } = this.#settings;
    return cookie.maxAge !== undefined && remember(session);
  }

  #factsOf({ token: current, isNew }: ISession<T>, status: number): CookieFacts {
    const { cookieOnException } = this.#settings;
    return { arrived: this.#arrivedToken, current, isNew, failed: status >= 500, cookieOnException };
  }
}

/** About as long as a sidecar or its store takes to come back, in seconds. */
const retryAfterSeconds = '1';

/** Such a response is not replaced, least of all the error page of a save that has failed before. */
function reportsFailure(status: number): boolean {
  return status >= 400;
}

async function trySave(session: { readonly hasChanges: boolean; save(): Promise<void> }): Promise<void> {
  try {
    if (session.hasChanges) await session.save();
  } catch {
    // The response tells the visitor of the first failure.
  }
}

function tooLate(): Error {
  return new Error(
    'The session was started or regenerated after the headers of the response were sent, too late for its cookie. Write to the session before sending anything.',
  );
}
