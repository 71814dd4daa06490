import type { ISession } from '../session/session';
import { readCookies, setCookieHeaders } from './cookie';
import type { RequestCookies } from './cookie';
import { decideCookie, isWithheld, needsRenewal } from './cookie-rules';
import type { CookieFacts } from './cookie-rules';
import type { RequestHeaders } from './header-lists';
import { isForSharedCaches, setCookies } from './response-headers';
import type { SentResponse } from './response-headers';
import type { SessionResponseSettings } from './session-options';

/** The cookie of one request and its response: what the browser has sent, and what it needs to get. */
export class ResponseCookie<T extends object> {
  readonly #settings: SessionResponseSettings<T>;
  readonly #brought: RequestCookies;
  readonly #fetchMode: string | undefined;
  /** The id of the session that the visitor had with express-session; only if no token may be the visitor's. */
  readonly formerId: string | undefined;
  /** The token of the session that was loaded. */
  #arrivedToken: string | undefined;
  /** Whether the browser was to keep the cookie when the session was loaded, and is to keep it now. */
  #persisted = false;
  #persists = false;
  /** Whether the application wants the cookie to be renewed. */
  #isTouched = false;
  #isRenewed = false;
  /** The token that the browser has once the headers are sent. */
  #sentToken: string | undefined;

  constructor(settings: SessionResponseSettings<T>, headers: RequestHeaders) {
    this.#settings = settings;
    const header = headers.get('cookie') ?? undefined;
    this.#brought = readCookies(header, settings.cookie);
    if (this.#brought.tokens.length === 0) this.formerId = settings.readFormerId?.(header);
    this.#fetchMode = headers.get('sec-fetch-mode') ?? undefined;
  }

  /** The tokens that may be the visitor's. */
  get tokens(): readonly string[] {
    return this.#brought.tokens;
  }

  /** @param token that of the session that was loaded, or that was ended without being loaded */
  arrived(token: string | undefined): void {
    this.#arrivedToken = token;
  }

  /** The application uses the session that was loaded. */
  used(session: ISession<T>): void {
    this.#persisted = this.#persists = this.isPersistent(session);
  }

  touch(): void {
    this.#isTouched = true;
  }

  /** Whether the browser keeps the cookie for `maxAge`. */
  isPersistent(session: ISession<T>): boolean {
    const { cookie, remember } = this.#settings;
    return cookie.maxAge !== undefined && remember(session);
  }

  /** As {@link SessionCookieHost.keepCookie}. */
  keep(session: ISession<T>, forMs: number | null): boolean {
    const { rememberKey } = this.#settings;
    const isPersistent = forMs !== null;
    if (rememberKey === undefined && isPersistent !== this.isPersistent(session)) return false;
    if (rememberKey !== undefined) session.set(rememberKey, isPersistent as never);
    if (isPersistent) session.setIdleTimeout(forMs);
    return true;
  }

  /** Whether the session gets no cookie because the response reports a failure. */
  isWithheld(session: ISession<T>, status: number): boolean {
    return isWithheld(this.#factsOf(session, status));
  }

  /**
   * Saves the session, and decides whether the cookie is renewed. `undefined`: there is nothing to wait for.
   *
   * @param save returns `undefined` if there is nothing to save
   */
  prepare(session: ISession<T>, save: () => Promise<void> | undefined): Promise<void> | undefined {
    this.#persists = this.isPersistent(session);
    const saving = save();
    return this.#needsRenewal(session) ? this.#renew(session, saving) : saving;
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

  /** Sets the cookie, deletes it, or leaves it alone. */
  write(session: ISession<T>, { headers, status, isHttps }: SentResponse): void {
    const isRenewed = this.#isRenewed && !isForSharedCaches(headers);
    const decision = decideCookie({ ...this.#factsOf(session, status), isRenewed });
    if (decision === 'none') return;
    const token = decision === 'set' ? session.token : undefined;
    const request = { isHttps, names: this.#brought.names, isPersistent: this.#persists };
    setCookies(headers, setCookieHeaders(this.#settings.cookie, token, request));
  }

  /** The headers are sent. @param token that of the session, whether or not it was used */
  sent(token: string | undefined): void {
    this.#sentToken = token;
  }

  /** Whether the session would need another cookie than the one that was sent. */
  isOutdated(session: ISession<T>): boolean {
    const known = this.#sentToken ?? this.#arrivedToken;
    return session.token === undefined ? session.hasChanges : session.token !== known;
  }

  #factsOf({ token: current, isNew }: ISession<T>, status: number): CookieFacts {
    const { cookieOnException } = this.#settings;
    return { arrived: this.#arrivedToken, current, isNew, failed: status >= 500, cookieOnException };
  }
}
