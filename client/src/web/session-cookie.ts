import type { ResolvedCookie } from './cookie';

/** `req.session.cookie`, as express-session has it: what the cookie of this response would be. Times are in milliseconds. */
export interface SessionCookie {
  readonly path: string;
  readonly domain: string | undefined;
  readonly secure: boolean | 'auto';
  readonly sameSite: 'strict' | 'lax' | 'none';
  readonly httpOnly: boolean;
  readonly partitioned: boolean;
  readonly priority: 'low' | 'medium' | 'high' | undefined;
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
  return new Proxy(new Cookie(options, host), {
    // The getters need the cookie itself: the proxy has no private fields.
    get: (target, name) => Reflect.get(target, name, target) as unknown,
    set(target, name, value) {
      if (name === 'maxAge' || name === 'expires') return Reflect.set(target, name, value);
      throw new TypeError(`Expected the option \`cookie.${String(name)}\` of sessions(): one session cannot differ`);
    },
  });
}

class Cookie implements SessionCookie {
  readonly #host: SessionCookieHost;
  readonly path: string;
  readonly domain: string | undefined;
  readonly secure: boolean | 'auto';
  readonly sameSite: 'strict' | 'lax' | 'none';
  readonly httpOnly: boolean;
  readonly partitioned: boolean;
  readonly priority: 'low' | 'medium' | 'high' | undefined;
  readonly originalMaxAge: number | null;

  constructor(options: ResolvedCookie, host: SessionCookieHost) {
    const { path, domain, secure, sameSite, httpOnly, partitioned, priority, maxAge } = options;
    this.#host = host;
    this.path = path;
    this.domain = domain;
    this.secure = secure;
    this.sameSite = sameSite;
    this.httpOnly = httpOnly;
    this.partitioned = partitioned;
    this.priority = priority;
    this.originalMaxAge = maxAge === undefined ? null : maxAge * 1000;
  }

  get maxAge(): number | null {
    return this.#host.isPersistent ? this.originalMaxAge : null;
  }

  set maxAge(value: unknown) {
    const ms = value === undefined || value === false ? null : value;
    if (ms !== null && ms !== this.originalMaxAge) {
      throw new TypeError(
        `Expected \`cookie.maxAge\` of a session to be null or that of the options, ${this.originalMaxAge ?? 'which is not set'}, got \`${String(value)}\`. ` +
          'How long browsers keep the cookie is the option `cookie.maxAge` of sessions(), for whom is its option `remember`, and how long a session lives is `session.setIdleTimeout()`.',
      );
    }
    if (this.#host.keepCookie(ms as number | null)) return;
    throw new TypeError(
      'Expected the option `remember` of sessions() to be the key of the session that says whether browsers keep the cookie',
    );
  }

  get expires(): Date | null {
    const { maxAge } = this;
    return maxAge === null ? null : new Date(Date.now() + maxAge);
  }

  set expires(value: Date | null | false) {
    if (value instanceof Date) {
      throw new TypeError('Expected `cookie.expires` of a session to be null or false: assign `cookie.maxAge`');
    }
    this.maxAge = value;
  }
}
