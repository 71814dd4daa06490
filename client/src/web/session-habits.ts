import type { ISession, RegenerateOptions, SaveOptions } from '../session/session';
import type { CallOptions } from '../transport/call-options';
import type { SessionCookie } from './session-cookie';

/** Called with the error, or without one. What it throws is an uncaught exception. */
export type SessionCallback = (error?: unknown) => void;

/**
 * A session as web applications get it: an {@link ISession} with the habits of express-session. Methods that return a promise take a
 * callback instead, and then do what they do there. Its keys can be read as properties, but not assigned, unless the option
 * `properties` lists them.
 */
export interface WebSession<T extends object> extends ISession<T> {
  /** The session's public id, safe to log: its `handle`. `undefined` unless stored. */
  readonly id: string | undefined;
  /** The cookie that this response would set. */
  readonly cookie: SessionCookie;

  save(options?: SaveOptions): Promise<void>;
  save(callback: SessionCallback): this;
  /** Replaces the token and the CSRF token, and saves. Keeps the data. With `orCreate`, the second of two equal logins works, too. */
  regenerate(options?: RegenerateOptions): Promise<void>;
  /** Ends the session, and goes on with a new and empty one. */
  regenerate(callback: SessionCallback): this;
  reload(options?: CallOptions): Promise<void>;
  reload(callback: SessionCallback): this;
  /** Ends the session, like `invalidate()`. */
  destroy(options?: CallOptions): Promise<void>;
  destroy(callback: SessionCallback): this;
  /**
   * Makes this response renew the cookie, as `rolling` does, if the browser keeps it for `cookie.maxAge`. The session's own lifetime
   * needs nothing: loading it records the access.
   */
  touch(): this;
}

/** What a session's habits need of its request. */
export interface HabitsHost {
  readonly cookie: SessionCookie;
  touch(): void;
  /** The response waits for a call that the application does not await, and fails with it. Returns what the application gets. */
  track<Result>(call: Promise<Result>): Promise<Result>;
  /** From now on, the application gets another object, which accepts assignments to these keys. */
  replace(keys: ReadonlySet<string>): void;
}

/** The session of a request, and the object that the application has in its stead. */
export interface Habitual {
  readonly session: ISession<object>;
  readonly host: HabitsHost;
  readonly self: object;
  /** Makes the object keep these values, and nothing else. */
  readonly detach: (values: object) => void;
}

/** What {@link WebSession} adds to or replaces in {@link ISession}. */
export const habits: Readonly<Record<string, (habitual: Habitual) => unknown>> = {
  id: ({ session }) => session.handle,
  cookie: ({ host }) => host.cookie,
  save: withCallback('save', ({ session }, options) => session.save(options)),
  reload: withCallback('reload', ({ session }, options) => session.reload(options)),
  destroy: withCallback('destroy', ({ session }, options) => session.invalidate(options)),
  regenerate: withCallback('regenerate', ({ session }, options) => session.regenerate(options), startAnew),
  touch:
    ({ host, self }) =>
    () => {
      host.touch();
      return self;
    },
};

/** Passport copies what it keeps from the object that it had before to the one that it finds afterwards. */
async function startAnew({ session, host, detach }: Habitual): Promise<void> {
  const before = session.toObject();
  await session.invalidate();
  detach(before);
  host.replace(new Set(Object.keys(before)));
}

type Work = (habitual: Habitual, options?: CallOptions) => Promise<void>;

function withCallback(name: string, work: Work, workForCallback = work): (habitual: Habitual) => unknown {
  return (habitual) => (argument?: CallOptions | SessionCallback) => {
    if (typeof argument === 'object' || argument === undefined) return habitual.host.track(work(habitual, argument));
    if (typeof argument !== 'function') {
      throw new TypeError(`Expected \`${name}()\` to get options or a callback, got ${typeof argument}`);
    }
    // Outside of the promise, which would swallow what the callback throws.
    workForCallback(habitual).then(
      () => process.nextTick(argument),
      (error: unknown) => process.nextTick(argument, error),
    );
    return habitual.self;
  };
}
