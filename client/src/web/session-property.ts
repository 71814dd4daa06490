import { guardedLoader } from './guarded-loader';
import type { LoadSession } from './request-session';
import type { WebSession } from './session-habits';

/** `req.sessions`: the visitor's session, for those who load it themselves, or give its type as an argument. */
export interface RequestSessions<T extends object> {
  /** Loads the session at the first call. */
  readonly load: LoadSession<T>;
  /** Returns the loaded session, like `req.session`. */
  current<Data extends object = T>(): WebSession<NoInfer<Data>>;
}

/** Has the session of a request, like a RequestSession. */
interface Holder {
  readonly session: unknown;
  load(): Promise<unknown>;
}

const holder = Symbol('session');

interface WithSession {
  readonly [holder]?: Holder;
  readonly session?: { readonly id?: unknown };
}

/** Shared by all requests: V8 makes objects whose getters differ slow, for the whole application. */
const properties: PropertyDescriptorMap & ThisType<WithSession> = {
  session: {
    configurable: true,
    get() {
      return this[holder]?.session;
    },
    set() {
      throw new TypeError('Expected `req.session.destroy()`, which ends the session, instead of an assignment to it');
    },
  },
  sessionID: {
    configurable: true,
    get() {
      return this.session?.id;
    },
  },
  sessions: {
    configurable: true,
    get() {
      const found = this[holder];
      return found && { load: guardedLoader(() => found.load()), current: () => found.session };
    },
  },
};

/**
 * Gives a request of a web framework its properties `session`, `sessionID` and `sessions`. Reading one of the first two counts as
 * using the session.
 */
export function defineSession(request: object, value: Holder): void {
  // Not enumerable, so that no log of a request shows it.
  Object.defineProperty(request, holder, { value });
  Object.defineProperties(request, properties);
}

/** Whether {@link defineSession} was called for this request. */
export function hasSession(request: object): boolean {
  return holder in request;
}
