/** Has the session of a request, like a SessionResponse. */
interface Holder {
  readonly session: unknown;
}

const holder = Symbol('session');

interface WithSession {
  readonly [holder]?: Holder;
}

/** Shared by all requests: V8 makes objects whose getters differ slow, for the whole application. */
const property: PropertyDescriptor & ThisType<WithSession> = {
  configurable: true,
  get() {
    return this[holder]?.session;
  },
};

/** Gives a request of a web framework its property `session`. Reading it counts as touching the session. */
export function defineSession(request: object, value: Holder): void {
  // Not enumerable, so that no log of a request shows it.
  Object.defineProperty(request, holder, { value });
  Object.defineProperty(request, 'session', property);
}

/** Whether {@link defineSession} was called for this request. */
export function hasSession(request: object): boolean {
  return holder in request;
}
