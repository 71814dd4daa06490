import type { ISession } from '../session/session';
import { reportsFailure, tooLate } from './failure';
import { guardedLoader } from './guarded-loader';
import { ObservedPromise } from './observed-promise';
import type { RequestHeaders } from './header-lists';
import { ResponseCookie } from './response-cookie';
import { setRetryAfter, varyByCookie } from './response-headers';
import type { SentResponse } from './response-headers';
import { SessionOpening } from './session-opening';
import { sessionCookie } from './session-cookie';
import type { SessionCookie, SessionCookieHost } from './session-cookie';
import type { HabitsHost, WebSession } from './session-habits';
import type { SessionResponseSettings } from './session-options';
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

/**
 * The session of one request. An adapter hands it out with {@link load}, waits for {@link beforeHeaders} before it sends the
 * headers of the response, and has {@link writeHeaders} complete them.
 *
 * A session that the application does not use costs no call, and leaves no trace in the response.
 */
export class RequestSession<T extends object> implements HabitsHost, SessionCookieHost {
  readonly #settings: SessionResponseSettings<T>;
  readonly #cookie: ResponseCookie<T>;
  readonly #opening: SessionOpening<T>;
  #isUsed = false;
  /** What the application has in its stead. */
  #handedOut: WebSession<T> | undefined;
  /** Whether saving has failed. Nothing is saved any more then. */
  #hasFailed = false;
  /** The calls of the application, as long as a response can wait for those that it does not await. */
  #calls: ObservedPromise<unknown>[] | undefined;

  /** @param hasResponse whether {@link beforeHeaders} will be called */
  constructor(settings: SessionResponseSettings<T>, headers: RequestHeaders, hasResponse = true) {
    this.#settings = settings;
    this.#calls = hasResponse ? [] : undefined;
    this.#cookie = new ResponseCookie(settings, headers);
    this.#opening = new SessionOpening(settings, this.#cookie, hasResponse);
  }

  /**
   * Opens the session, at the first call. Without a session cookie the sidecar is not called and the result is not a promise, so
   * that frameworks with callbacks go on in the same tick. A session that cannot be loaded throws when it is used; where there is no
   * response, rejects instead, because users of sockets look at the session once.
   */
  open(): ISession<T> | Promise<ISession<T>> {
    return this.#opening.open();
  }

  /** The opened session, for the application: reading this property counts as using it. */
  get session(): WebSession<T> {
    const { session } = this.#opening;
    if (session === undefined) {
      throw new Error('Expected the session to be loaded before it is used: await `req.sessions.load()` first');
    }
    if (!this.#isUsed) {
      this.#isUsed = true;
      if (!this.#opening.isUnavailable && !this.#hasFailed) this.#cookie.used(session);
    }
    return (this.#handedOut ??= webSession(session, this.#settings.properties, this));
  }

  replace(formerKeys: ReadonlySet<string>): void {
    this.#handedOut = webSession(this.#opening.session!, this.#settings.properties, this, formerKeys);
  }

  touch(): void {
    this.#cookie.touch();
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
    return this.#cookie.isPersistent(this.#opening.session!);
  }

  keepCookie(forMs: number | null): boolean {
    return this.#cookie.keep(this.#opening.session!, forMs);
  }

  /**
   * Opens the session at the first use. Rejects if the sidecar or its store is unavailable; error handlers, which come later, get an
   * empty session that can only be read. A session whose record is damaged throws when it is used instead, but can be ended.
   */
  async load(): Promise<WebSession<T>> {
    if (this.#opening.session === undefined) {
      await this.open();
      this.#opening.reportOutage();
    }
    return this.session;
  }

  /** {@link load}, for adapters that hand out a function. */
  get loader(): LoadSession<T> {
    return guardedLoader((() => this.load()) as LoadSession<T>);
  }

  /** What may have to be saved, and whose token the browser needs. */
  get #used(): ISession<T> | undefined {
    return this.#isUsed && !this.#opening.isUnavailable ? this.#opening.session : undefined;
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
    if (ignored.length === 0 || this.#hasFailed) return this.#save(status);
    const fail = (error: unknown) => (reportsFailure(status) ? this.#unsaved(error) : this.#fail(error));
    return Promise.all(ignored).then(() => this.#save(status), fail);
  }

  #save(status: number): Promise<void> | undefined {
    const session = this.#used;
    if (session === undefined || this.#hasFailed) return undefined;
    if (this.#cookie.isWithheld(session, status)) {
      // Stored already, for example by csrfToken(), but its token is never sent. If this fails, the session expires by itself.
      return session.state === 'stored' ? session.invalidate().catch(() => {}) : undefined;
    }
    if (reportsFailure(status)) return this.#trySave(session);
    try {
      const save = () => (session.hasChanges ? session.save() : undefined);
      return this.#cookie.prepare(session, save)?.catch((error: unknown) => this.#fail(error));
    } catch (error) {
      return this.#fail(error);
    }
  }

  #fail(error: unknown): never {
    this.#hasFailed = true;
    throw error as Error;
  }

  /** For a response whose headers cannot be completed: leaves no session stored whose token is not sent. */
  async abandon(): Promise<void> {
    const session = this.#used;
    if (session?.isNew && session.state === 'stored') await session.invalidate().catch(() => {});
  }

  writeHeaders(response: SentResponse): void {
    const { headers, status } = response;
    if (status === 503 && this.#opening.hasBegun) setRetryAfter(headers);
    this.#cookie.sent(this.#opening.session?.token);
    if (this.#isUsed) varyByCookie(headers);
    const session = this.#used;
    if (session !== undefined) this.#cookie.write(session, response);
  }

  /**
   * Saves what was written after the headers were sent. `undefined`: nothing was. Rejects if that failed, or if it would need
   * another cookie; if the response has status 400 or above, only if `onUnsaved` throws.
   */
  beforeEnd(status: number): Promise<void> | undefined {
    const session = this.#used;
    if (session === undefined || this.#cookie.isWithheld(session, status)) return undefined;
    const isTooLate = this.#cookie.isOutdated(session);
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
}
