import { SessionClient } from '../session-client';
import type { SessionClientOptions } from '../client-options';
import type { ISession, Key } from '../session/session';
import { resolveCookie } from './cookie';
import type { CookieOptions, ResolvedCookie } from './cookie';
import { resolveFormerCookie } from './former-cookie';
import type { FormerCookieOptions, ReadFormerId } from './former-cookie';
import { resolveProperties } from './session-properties';
import type { SessionProperties } from './session-properties';
import { warnOfUnsaved } from './unsaved-warning';

/** The options of `sessions()` that all adapters share, beside those of the client. */
export interface WebSessionOptions<T extends object> {
  /** Default: a cookie that is gone when the browser is closed. */
  readonly cookie?: CookieOptions | undefined;
  /**
   * Whether a visitor whose session was started by a request that failed keeps it. False: a response with status 500 or
   * above sets no cookie for a new session, and nothing stays stored for it. Default: true.
   */
  readonly cookieOnException?: boolean | undefined;
  /**
   * Whether this visitor's browser keeps the cookie for `cookie.maxAge`, as after a checked "remember me", rather than until it
   * is closed: a key whose value says so, or a function. It is looked up for each session that is used, when it is loaded and when
   * it is saved; a change sets the cookie again. With a key, `session.cookie.maxAge` can be assigned, as in express-session.
   * Requires `cookie.maxAge`. Default: yes, for all visitors.
   */
  readonly remember?: Key<T> | ((session: ISession<T>) => boolean) | undefined;
  /**
   * What a request gets whose session cannot be loaded, because the sidecar or its store is unavailable. `fail`: an error of
   * status 503. `read-only`: an empty session that can be read, and throws that error when it is written. After an error, error
   * handlers get such a session in any case. Default: `fail`, because a visitor must not be mistaken for a new one.
   */
  readonly whenUnavailable?: 'fail' | 'read-only' | undefined;
  /**
   * Called with the error when the session of a response that reports a failure, one of status 400 or above, could not be saved.
   * The response is sent all the same, because the visitor is to see the failure that came first. Throw to replace it, as a
   * failed save replaces other responses. Default: a warning of the process, at most one a minute.
   */
  readonly onUnsaved?: ((error: unknown) => void) | undefined;
  /**
   * Keys that libraries for express-session assign as properties of the session; an assignment is `set()`, and `delete` is
   * `delete()`. `true`: all keys. Assigning another property throws. The key `flash`, of connect-flash, takes the place of the method
   * `flash()`. Default: none but those of Passport, which always are: `passport`, `messages` and `returnTo`.
   */
  readonly properties?: true | readonly string[] | undefined;
  /**
   * The cookie that express-session had, if its sessions were imported by `session-sidecar import connect-redis --for adapter`. A
   * visitor without another cookie keeps the session that it names, and gets the cookie of this adapter. Costs nothing for other
   * visitors. Default: none, such cookies are not read.
   */
  readonly formerCookie?: FormerCookieOptions | undefined;
}

/** {@link WebSessionOptions}, and either the client to use, or the {@link SessionClientOptions} to create one with. */
export type SessionResponseOptions<T extends object> = WebSessionOptions<T> &
  ({ readonly client: SessionClient<T> } | (SessionClientOptions<T> & { readonly client?: never }));

export interface SessionResponseSettings<T extends object> {
  readonly client: SessionClient<T>;
  readonly cookie: ResolvedCookie;
  readonly cookieOnException: boolean;
  readonly remember: (session: ISession<T>) => boolean;
  /** The key by which `remember` decides, if it can be set. */
  readonly rememberKey: Key<T> | undefined;
  readonly whenUnavailable: 'fail' | 'read-only';
  readonly onUnsaved: (error: unknown) => void;
  readonly properties: SessionProperties;
  /** `undefined`: there was no other cookie before. */
  readonly readFormerId: ReadFormerId | undefined;
}

/** @throws TypeError for a cookie that browsers would refuse, and whatever {@link SessionClient} throws. */
export function resolveSettings<T extends object>(options: SessionResponseOptions<T>): SessionResponseSettings<T> {
  const { cookieOnException = true, remember = () => true, whenUnavailable = 'fail' } = options;
  const { onUnsaved = warnOfUnsaved() } = options;
  const cookie = resolveCookie(options.cookie);
  if (options.remember !== undefined && cookie.maxAge === undefined) {
    throw new TypeError('Expected `cookie.maxAge` to be given with `remember`, because it says for how long');
  }
  if (!['fail', 'read-only'].includes(whenUnavailable)) {
    throw new TypeError(`Expected \`whenUnavailable\` to be fail or read-only, got \`${whenUnavailable}\``);
  }
  const properties = resolveProperties(options.properties);
  const readFormerId = resolveFormerCookie(options.formerCookie);
  const { client = new SessionClient<T>(options as SessionClientOptions<T>) } = options;
  return {
    ...{ client, cookie, cookieOnException, whenUnavailable, onUnsaved, properties, readFormerId },
    remember: typeof remember === 'function' ? remember : (session) => Boolean(session.get(remember)),
    rememberKey: typeof remember === 'function' ? undefined : remember,
  };
}
