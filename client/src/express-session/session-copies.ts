import type { SessionCopy } from './session-copy';

/**
 * Finds the {@link SessionCopy} of the object that a request has, which the framework makes from what the store returns.
 *
 * express-session makes it in `createSession`, which the store overrides. `@fastify/session` makes it in a constructor that no
 * store can see. Since 11.1.2, that takes the cookie's `toJSON()`, and keeps what that returns, symbols included, in a property of
 * its object whose key is a symbol.
 */
export class SessionCopies {
  readonly #copies = new WeakMap<object, SessionCopy>();
  readonly #mark = Symbol('session copy');
  /** Shared by all cookies, for the reason that response-gate.ts gives. */
  readonly #toJSON: PropertyDescriptor;

  constructor() {
    const copies = this.#copies;
    const mark = this.#mark;
    const toJSON = function (this: object): object {
      return { ...this, [mark]: copies.get(this) };
    };
    // Not enumerable, so that it neither is copied nor compared.
    this.#toJSON = { value: toJSON, configurable: true, writable: true };
  }

  /** @param data what the store returns */
  addLoaded(data: { cookie?: unknown }, copy: SessionCopy): void {
    this.#copies.set(data, copy);
    const { cookie } = data;
    if (!isObject(cookie)) return;
    this.#copies.set(cookie, copy);
    Object.defineProperty(cookie, 'toJSON', this.#toJSON);
  }

  /** @param session the object of a request, made or stored as the session of the copy */
  add(session: object, copy: SessionCopy): void {
    this.#copies.set(session, copy);
  }

  /** @returns `undefined` if the session was not loaded with this id: it is new, or comes from elsewhere */
  of(session: object, sid: string): SessionCopy | undefined {
    const { cookie } = session as { readonly cookie?: unknown };
    const found = [session, cookie].map((each) => (isObject(each) ? this.#copies.get(each) : undefined));
    return [...found, ...this.#marked(session)].find((copy) => copy?.sid === sid);
  }

  #marked(session: object): (SessionCopy | undefined)[] {
    const kept = Object.getOwnPropertySymbols(session).map((key) => (session as Record<symbol, unknown>)[key]);
    return kept.map((each) =>
      isObject(each) ? (each as Record<symbol, SessionCopy | undefined>)[this.#mark] : undefined,
    );
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
