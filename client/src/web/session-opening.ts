import { setImmediate } from 'node:timers/promises';
import type { ISession } from '../session/session';
import type { CallOptions } from '../transport/call-options';
import type { ResponseCookie } from './response-cookie';
import type { SessionResponseSettings } from './session-options';
import { isDamaged, unavailableSession } from './unavailable-session';

/** Opens the visitor's session once, and stands in for one that cannot be loaded. */
export class SessionOpening<T extends object> {
  readonly #settings: SessionResponseSettings<T>;
  readonly #cookie: ResponseCookie<T>;
  readonly #hasResponse: boolean;
  #opening: ISession<T> | Promise<ISession<T>> | undefined;
  #session: ISession<T> | undefined;
  /** Why the session could not be loaded, unless it was ended since. */
  #failure: { readonly error: unknown } | undefined;

  constructor(settings: SessionResponseSettings<T>, cookie: ResponseCookie<T>, hasResponse: boolean) {
    this.#settings = settings;
    this.#cookie = cookie;
    this.#hasResponse = hasResponse;
  }

  /** The opened session, or what stands in for it; `undefined` before that. */
  get session(): ISession<T> | undefined {
    return this.#session;
  }

  get hasBegun(): boolean {
    return this.#opening !== undefined;
  }

  get isUnavailable(): boolean {
    return this.#failure !== undefined;
  }

  /** As {@link RequestSession.open}. */
  open(): ISession<T> | Promise<ISession<T>> {
    return (this.#opening ??= this.#open());
  }

  #open(): ISession<T> | Promise<ISession<T>> {
    const { client, whenUnavailable } = this.#settings;
    const { tokens, formerId } = this.#cookie;
    if (tokens.length === 0 && formerId === undefined) return (this.#session = client.create());
    const opening = formerId === undefined ? client.open(tokens) : this.#openFormer(formerId);
    return opening.then(
      (session) => {
        // The browser does not have the token of a former session, so the response sets the cookie.
        if (formerId === undefined) this.#cookie.arrived(session.token);
        this.#session = session;
        // Requests that arrived together are read first and answered then, even if the client's cache could answer each at once.
        // docs/decisions/0077-answer-after-reading.md
        return setImmediate(session);
      },
      (error: unknown) => {
        this.#failure = { error };
        const isReadOnly = whenUnavailable === 'read-only';
        this.#session = this.#standIn(error, { isReported: isReadOnly || !this.#hasResponse });
        if (isReadOnly || this.#hasResponse) return this.#session;
        throw error;
      },
    );
  }

  async #openFormer(id: string): Promise<ISession<T>> {
    const { client } = this.#settings;
    const session = await client.openById(id);
    // A new session must not get an id of express-session.
    return session.state === 'stored' ? session : client.create();
  }

  /**
   * Has the application know of an outage, if there is one and it is to know. A record that is damaged is reported by the first use
   * instead, because such a session can be ended.
   *
   * @throws the error that the session could not be loaded with
   */
  reportOutage(): void {
    if (this.#failure === undefined || this.#settings.whenUnavailable === 'read-only') return;
    const { error } = this.#failure;
    if (isDamaged(error)) return;
    this.#session = this.#standIn(error, { isReported: true });
    throw error;
  }

  #standIn(error: unknown, { isReported }: { readonly isReported: boolean }): ISession<T> {
    const end = (options?: CallOptions): Promise<void> => this.#endUnavailable(options);
    return unavailableSession(this.#settings.client.create(), error, { isReported, end });
  }

  /** Afterwards, the application has a new session, and the browser loses the cookie of the old one. */
  async #endUnavailable(options: CallOptions | undefined): Promise<void> {
    const { tokens } = this.#cookie;
    await this.#settings.client.invalidate(tokens, options).catch((error: unknown) => {
      // What the sidecar can neither read nor end lets no one in.
      if (!isDamaged(error)) throw error;
    });
    this.#cookie.arrived(tokens[0]);
    this.#failure = undefined;
  }
}
