import type { ISession } from '../session/session';
import type { CallOptions } from '../transport/call-options';
import { readCookies, setCookieHeaders } from './cookie';
import type { RequestCookies } from './cookie';
import { decideCookie, isWithheld, needsRenewal } from './cookie-rules';
import type { CookieFacts } from './cookie-rules';
import { reportsFailure, tooLate } from './failure';
import { guardedLoader } from './guarded-loader';
import { ObservedPromise } from './observed-promise';
import { isForSharedCaches, setCookies, setRetryAfter, varyByCookie } from './response-headers';
import type { SentResponse } from './response-headers';
import { sessionCookie } from './session-cookie';
import type { SessionCookie, SessionCookieHost } from './session-cookie';
import type { HabitsHost, WebSession } from './session-habits';
import type { SessionResponseSettings } from './session-options';
import { isDamaged, unavailableSession } from './unavailable-session';
import { webSession } from './web-session';

export { resolveSettings } from './session-options';
export type { SessionResponseOptions, SessionResponseSettings } from './session-options';

/* What the adapters of all web frameworks share. It knows HTTP, but neither `node:http` nor the Fetch API. */

/**
 * Loads the visitor's session at the first call; later calls of the same request get the same one. Rejects with a SessionError of
 * status 503 if the sidecar or its store is unavailable. If the session's record is damaged, its first use throws one of status 500,
 * but `destroy()` works.
 *
 * `Data` is what the session holds, where that is not declared for the whole application.
 */
export type LoadSession<T extends object> = <Data extends object = T>() => Promise<WebSession<NoInfer<Data>>>;

/** The headers of a request, as `Headers` of the Fetch standard has them. */
export type RequestHeaders = Pick<Headers, 'get'>;

/**
 * The session of one request. An adapter hands it out with {@link load}, waits for {@link beforeHeaders} before it sends the
 * headers of the response, and has {@link writeHeaders} complete them.
 *
 * A session that the application does not use costs no call, and leaves no trace in the response.
 */
export class RequestSession<T extends object> implements HabitsHost, SessionCookieHost {
  readonly #settings: SessionResponseSettings<T>;
  readonly #brought: RequestCookies;
  readonly #fetchMode: string | undefined;
  readonly #hasResponse: boolean;
  #opening: ISession<T> | Promise<ISession<T>> | undefined;
  #opened: ISession<T> | undefined;
  #isUsed = false;
  /** What the application has in its stead. */
  #handedOut: WebSession<T> | undefined;
  /** What failed first, opening or saving. Nothing is saved any more then. */
  #failure: { readonly error: unknown } | undefined;
  /** Whether the session could not be loaded, and was not ended since. */
  #isUnavailable = false;
  #arrivedToken: string | undefined;
  /** Whether the browser was to keep the cookie when the session was loaded, and is to keep it now. */
  #persisted = false;
  #persists = false;
  /** Whether the application wants the cookie to be renewed. */
  #isTouched = false;
  #isRenewed = false;
  /** The token that the browser has once the headers are sent. */
  #sentToken: string | undefined;
  /** The calls of the application, as long as a response can wait for those that it does not await. */
  #calls: ObservedPromise<unknown>[] | undefined;

  /** @param hasResponse whether {@link beforeHeaders} will be called */
  constructor(settings: SessionResponseSettings<T>, headers: RequestHeaders, hasResponse = true) {
    this.#settings = settings;
    this.#hasResponse = hasResponse;
    this.#calls = hasResponse ? [] : undefined;
    this.#brought = readCookies(headers.get('cookie') ?? undefined, settings.cookie);
    this.#fetchMode = headers.get('sec-fetch-mode') ?? undefined;
  }

  /**
   * Opens the session, at the first call. Without a session cookie the sidecar is not called and the result is not a promise, so
   * that frameworks with callbacks go on in the same tick. Rejects if the sidecar or its store is unavailable. A session whose record
   * is damaged throws when it is used instead, but can be ended.
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
      this.#isUnavailable = true;
      const isDeferred = this.#hasResponse && isDamaged(error);
      const isReported = whenUnavailable === 'read-only' || !isDeferred;
      const end = (options?: CallOptions): Promise<void> => this.#endUnavailable(options);
      this.#opened = unavailableSession(client.create(), error, { isReported, end });
      if (whenUnavailable === 'read-only' || isDeferred) return this.#opened;
      throw error;
    });
  }

  /** Afterwards, the application has a new session, and the browser loses the cookie of the old one. */
  async #endUnavailable(options: CallOptions | undefined): Promise<void> {
    const { tokens } = this.#brought;
    await this.#settings.client.invalidate(tokens, options).catch((error: unknown) => {
      // What the sidecar can neither read nor end lets no one in.
      if (!isDamaged(error)) throw error;
    });
    this.#arrivedToken = tokens[0];
    this.#failure = undefined;
    this.#isUnavailable = false;
  }

  /** The opened session, for the application: reading this property counts as using it. */
  get session(): WebSession<T> {
    const session = this.#opened;
    if (session === undefined) {
      throw new Error('Expected the session to be loaded before it is used: await `req.sessions.load()` first');
    }
    if (!this.#isUsed) {
      this.#isUsed = true;
      if (this.#failure === undefined) this.#persisted = this.#persists = this.#isPersistent(session);
    }
    return (this.#handedOut ??= webSession(session, this.#settings.properties, this));
  }

  replace(formerKeys: ReadonlySet<string>): void {
    this.#handedOut = webSession(this.#opened!, this.#settings.properties, this, formerKeys);
  }

  touch(): void {
    this.#isTouched = true;
  }

  track<Result>(call: Promise<Result>): Promise<Result> {
    if (this.#calls === undefined) return call;
    const observed = ObservedPromise.of(call);
    this.#calls.push(observed);
    return observed;
  }

  get cookie(): SessionCookie {
    return sessionCookie(this.#settings.cookie, this);
  }

  get isPersistent(): boolean {
    return this.#isPersistent(this.#opened!);
  }

  keepCookie(forMs: number | null): boolean {
    const session = this.#opened!;
    const { rememberKey } = this.#settings;
    const isPersistent = forMs !== null;
    if (rememberKey === undefined && isPersistent !== this.isPersistent) return false;
    if (rememberKey !== undefined) session.set(rememberKey, isPersistent as never);
    if (isPersistent) session.setIdleTimeout(forMs);
    return true;
  }

  /**
   * Opens the session at the first use. If that fails, error handlers, which come later, get an empty session that can only be
   * read.
   */
  async load(): Promise<WebSession<T>> {
    if (this.#opened === undefined) await this.open();
    return this.session;
  }

  /** {@link load}, for adapters that hand out a function. */
  get loader(): LoadSession<T> {
    return guardedLoader((() => this.load()) as LoadSession<T>);
  }

  /** What may have to be saved, and whose token the browser needs. */
  get #used(): ISession<T> | undefined {
    return this.#isUsed && !this.#isUnavailable ? this.#opened : undefined;
  }

  /**
   * Saves the session. `undefined`: there is nothing to wait for. Rejects if it could not be saved; if the response has status
   * 400 or above, only if `onUnsaved` throws, because the visitor is to see that failure. After a failure, does nothing: what is
   * written for the error's response is not saved.
   *
   * Calls that the application does not await come first, as if it had made them here.
   */
  beforeHeaders(status: number): Promise<void> | undefined {
    const ignored = this.#calls?.filter(({ isObserved }) => !isObserved) ?? [];
    this.#calls = undefined;
    if (ignored.length === 0 || this.#failure !== undefined) return this.#save(status);
    const fail = (error: unknown) => (reportsFailure(status) ? this.#unsaved(error) : this.#fail(error));
    return Promise.all(ignored).then(() => this.#save(status), fail);
  }

  #save(status: number): Promise<void> | undefined {
    const session = this.#used;
    if (session === undefined || this.#failure !== undefined) return undefined;
    if (isWithheld(this.#factsOf(session, status))) {
      // Stored already, for example by csrfToken(), but its token is never sent. If this fails, the session expires by itself.
      return session.state === 'stored' ? session.invalidate().catch(() => {}) : undefined;
    }
    if (reportsFailure(status)) return this.#trySave(session);
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
    if (this.#isTouched && this.#persists) return true;
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
    if (status === 503 && this.#opening !== undefined) setRetryAfter(headers);
    this.#sentToken = this.#opened?.token;
    if (this.#isUsed) varyByCookie(headers);
    const session = this.#used;
    if (session === undefined) return;
    const isRenewed = this.#isRenewed && !isForSharedCaches(headers);
    const decision = decideCookie({ ...this.#factsOf(session, status), isRenewed });
    if (decision === 'none') return;
    const token = decision === 'set' ? session.token : undefined;
    const request = { isHttps, names: this.#brought.names, isPersistent: this.#persists };
    setCookies(headers, setCookieHeaders(this.#settings.cookie, token, request));
  }

  /**
   * Saves what was written after the headers were sent. `undefined`: nothing was. Rejects if that failed, or if it would need
   * another cookie; if the response has status 400 or above, only if `onUnsaved` throws.
   */
  beforeEnd(status: number): Promise<void> | undefined {
    const session = this.#used;
    if (session === undefined || isWithheld(this.#factsOf(session, status))) return undefined;
    const known = this.#sentToken ?? this.#arrivedToken;
    const isTooLate = session.token === undefined ? session.hasChanges : session.token !== known;
    if (reportsFailure(status)) return isTooLate ? this.#unsaved(tooLate()) : this.#trySave(session);
    if (isTooLate) return Promise.reject(tooLate());
    return session.hasChanges ? session.save() : undefined;
  }

  async #trySave(session: ISession<T>): Promise<void> {
    try {
      if (session.hasChanges) await session.save();
    } catch (error) {
      this.#unsaved(error);
    }
  }

  /** Throws if the application does not put up with it. */
  #unsaved(error: unknown): undefined {
    try {
      this.#settings.onUnsaved(error);
    } catch (reason) {
      this.#fail(reason);
    }
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
