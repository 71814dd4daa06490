import type { ResolvedCookie } from './cookie';

type Attributes = Pick<
  ResolvedCookie,
  'path' | 'domain' | 'secure' | 'sameSite' | 'httpOnly' | 'partitioned' | 'priority'
>;

/** `req.session.cookie`, as express-session has it: what the cookie of this response would be. Times are in milliseconds. */
export interface SessionCookie extends Attributes {
  /** What `cookie.maxAge` of the options says; `null`: nothing. */
  readonly originalMaxAge: number | null;
  /**
   * How long the browser keeps the cookie; `null`: until it is closed. Where the option `remember` is a key, it can be assigned:
   * `null`, or what `cookie.maxAge` of the options says, which is set as the session's idle timeout, too.
   *
   * @throws TypeError for any other assignment, naming what to use
   */
  maxAge: number | null;
  /** The end of `maxAge`; `null`: when the browser is closed. `null` or `false` can be assigned, like `null` to `maxAge`. */
  get expires(): Date | null;
  set expires(value: Date | null | false);
}

export interface SessionCookieHost {
  /** Whether the browser keeps the cookie for `maxAge`. */
  readonly isPersistent: boolean;
  /**
   * Has the browser keep the cookie, and the session live, for a time in ms; `null`: until the browser is closed.
   *
   * @returns whether the application can decide that
   */
  keepCookie(forMs: number | null): boolean;
}

export function sessionCookie(options: ResolvedCookie, host: SessionCookieHost): SessionCookie {
  const { path, domain, secure, sameSite, httpOnly, partitioned, priority } = options;
  const originalMaxAge = options.maxAge === undefined ? null : options.maxAge * 1000;
  const cookie: SessionCookie = {
    ...{ path, domain, secure, sameSite, httpOnly, partitioned, priority, originalMaxAge },
    get maxAge(): number | null {
      return host.isPersistent ? originalMaxAge : null;
    },
    set maxAge(value: unknown) {
      const ms = value === undefined || value === false ? null : value;
      if (ms !== null && ms !== originalMaxAge) {
        throw new TypeError(
          `Expected \`cookie.maxAge\` of a session to be null or that of the options, ${originalMaxAge ?? 'which is not set'}, got \`${String(value)}\`. ` +
            'How long browsers keep the cookie is the option `cookie.maxAge` of sessions(), for whom is its option `remember`, and how long a session lives is `session.setIdleTimeout()`.',
        );
      }
      if (host.keepCookie(ms as number | null)) return;
      throw new TypeError(
        'Expected the option `remember` of sessions() to be the key of the session that says whether browsers keep the cookie',
      );
    },
    get expires(): Date | null {
      const { maxAge } = cookie;
      return maxAge === null ? null : new Date(Date.now() + maxAge);
    },
    set expires(value: Date | null | false) {
      if (value instanceof Date) {
        throw new TypeError('Expected `cookie.expires` of a session to be null or false: assign `cookie.maxAge`');
      }
      cookie.maxAge = value as null;
    },
  };
  return new Proxy(cookie, {
    set(target, name, value) {
      if (name === 'maxAge' || name === 'expires') return Reflect.set(target, name, value);
      throw new TypeError(`Expected the option \`cookie.${String(name)}\` of sessions(): one session cannot differ`);
    },
  });
}
