import type { SessionClient } from '../session-client';
import type { ISession } from '../session/session';
import { BaseStore } from './base-store';
import { hasExpired, lifetimeOf } from './expiry';
import type { Expiring, Ttl } from './expiry';
import { SessionCopies } from './session-copies';
import { SessionCopy, textsOf } from './session-copy';
import type { Data, Sessions } from './session-copy';
import { moveSession } from './session-source';
import type { SessionSource } from './session-source';

export interface SidecarStoreOptions {
  /** The connection to the sidecar. It stays open when the store is not used any more. */
  // oxlint-disable-next-line typescript/no-explicit-any -- sessions hold what the application puts into them
  readonly client: SessionClient<any>;
  /**
   * How long a session lives that is not touched, in seconds, if its cookie has no `maxAge` and no `expires`; or a function that
   * says it for each session, whatever its cookie has. Default: 86,400, one day.
   */
  readonly ttl?: number | ((session: object) => number) | undefined;
  /**
   * Makes `touch()` do nothing, so that a request that changes nothing costs one call instead of two. The sidecar extends the life
   * of a session whenever it is read. Default: false.
   */
  readonly disableTouch?: boolean | undefined;
  /** An earlier store whose sessions the visitors keep, for example `connectRedisSessions({ client })`. Default: none. */
  readonly importFrom?: SessionSource | undefined;
}

type Callback<Result extends unknown[] = []> = (error?: unknown, ...result: Result) => void;

/**
 * A session store for express-session and `@fastify/session` that keeps sessions in the sidecar:
 * `session({ store: new SidecarStore({ client }), … })`.
 *
 * `set()` stores the fields that the request has changed since it loaded the session, so parallel requests do not undo each
 * other's changes; of two that change the same field, the last one wins. A session that has ended is not created again by a request
 * that still has it: what such a request stores is discarded, and the store emits `discarded`. Every method takes a callback last,
 * or returns a promise. `all()`, `length()` and `clear()` fail, because the sidecar lists sessions of one subject only.
 */
export class SidecarStore extends BaseStore {
  readonly #sessions: Sessions;
  readonly #ttl: Ttl;
  readonly #disableTouch: boolean;
  readonly #source: SessionSource | undefined;
  readonly #copies = new SessionCopies();

  /** @throws TypeError for an invalid option */
  constructor({ client, ttl = 86_400, disableTouch = false, importFrom }: SidecarStoreOptions) {
    super();
    if (typeof (client as Partial<Sessions> | undefined)?.openById !== 'function') {
      throw new TypeError('Expected `client` to be a SessionClient');
    }
    if (typeof ttl !== 'function' && !(ttl > 0)) {
      throw new TypeError(`Expected \`ttl\` to be a positive number of seconds or a function, got \`${String(ttl)}\``);
    }
    this.#sessions = client as Sessions;
    this.#ttl = ttl;
    this.#disableTouch = disableTouch;
    this.#source = importFrom;
  }

  /** Resolves to the fields of a session, or to `null` if no session has this id. */
  // oxlint-disable-next-line typescript/no-explicit-any -- what it is, only the application knows
  get(sid: string, callback?: Callback<[session?: any]>): Promise<any> {
    return answer(this.#get(sid), callback);
  }

  /** Stores what has changed in a session since it was loaded; all of it, if it was not. */
  set(sid: string, session: object, callback?: Callback): Promise<void> {
    return answer(this.#set(sid, session), callback);
  }

  /** Extends the life of a session. Creates nothing if no session has this id. */
  touch(sid: string, session: object, callback?: Callback): Promise<void> {
    return answer(this.#touch(sid, session), callback);
  }

  /** Ends a session. Has no effect if no session has this id. */
  destroy(sid: string, callback?: Callback): Promise<void> {
    return answer(this.#destroy(sid), callback);
  }

  /** Fails: the sidecar lists sessions of one subject only. */
  all(callback?: Callback): Promise<never> {
    return answer(unsupported('all'), callback);
  }

  /** Fails: the sidecar lists sessions of one subject only. */
  length(callback?: Callback): Promise<never> {
    return answer(unsupported('length'), callback);
  }

  /** Fails: the sidecar lists sessions of one subject only. */
  clear(callback?: Callback): Promise<never> {
    return answer(unsupported('clear'), callback);
  }

  /** What express-session makes `req.session` with. */
  // oxlint-disable-next-line typescript/no-explicit-any -- a type of express-session
  override createSession(req: { readonly sessionID: string }, data: object): any {
    const copy = this.#copies.of(data, req.sessionID);
    const session = super.createSession(req, data) as object;
    if (copy !== undefined) this.#copies.add(session, copy);
    return session;
  }

  async #get(sid: string): Promise<Data | null> {
    const session = await this.#open(sid);
    if (session === undefined) return null;
    const copy = new SessionCopy(sid, session, this.#sessions);
    const data = copy.data();
    if (this.#hasEnded(data)) {
      await session.invalidate();
      return null;
    }
    this.#copies.addLoaded(data, copy);
    return data;
  }

  async #open(sid: string): Promise<ISession<Data> | undefined> {
    const session = await this.#sessions.openById(sid);
    if (session.state === 'stored') return session;
    if (this.#source === undefined) return undefined;
    return moveSession(sid, session, { sessions: this.#sessions, source: this.#source, ttl: this.#ttl });
  }

  /** Without touch(), the cookie that is stored is that of the last set(), unless its time is fixed. */
  #hasEnded(data: Expiring): boolean {
    return hasExpired(data) && !(this.#disableTouch && data.cookie?.originalMaxAge);
  }

  async #set(sid: string, session: object): Promise<void> {
    const lifetime = lifetimeOf(session, this.#ttl);
    if (!(lifetime > 0)) return this.#destroy(sid);
    const loaded = this.#copies.of(session, sid);
    const copy = loaded ?? new SessionCopy(sid, this.#sessions.create({ id: sid }), this.#sessions);
    // At once, so that another set() of the same object does not create the session, too.
    this.#copies.add(session, copy);
    if (!(await copy.set(textsOf(session), lifetime, this.#extension))) this.emit('discarded');
  }

  async #touch(sid: string, session: Expiring): Promise<void> {
    if (this.#disableTouch) return;
    const lifetime = lifetimeOf(session, this.#ttl);
    if (!(lifetime > 0)) return this.#destroy(sid);
    const cookie = textsOf({ cookie: session.cookie }).get('cookie');
    const loaded = this.#copies.of(session, sid);
    const copy = loaded ?? new SessionCopy(sid, await this.#sessions.openById(sid), this.#sessions);
    await copy.touch(cookie, lifetime, loaded ? this.#extension : { always: true });
  }

  /** A function may say something else each time. */
  get #extension(): { readonly always: boolean } {
    return { always: typeof this.#ttl === 'function' };
  }

  /** The earlier record first: otherwise, a request could move it after the session has been ended. */
  async #destroy(sid: string): Promise<void> {
    await this.#source?.delete(sid);
    const session = await this.#sessions.openById(sid);
    await session.invalidate();
  }
}

/** With a callback, the promise is resolved after it was called. An error that it throws is the application's, not the store's. */
function answer<Result>(work: Promise<Result>, callback: Callback<[Result]> | undefined): Promise<Result> {
  if (callback === undefined) return work;
  return work.then(
    (result) => {
      process.nextTick(callback, null, result);
      return result;
    },
    (error: unknown) => {
      process.nextTick(callback, error);
      return undefined as Result;
    },
  );
}

function unsupported(method: string): Promise<never> {
  const advice = 'Keep a list of your own, or let sessions expire.';
  return Promise.reject(
    new Error(`SidecarStore.${method}() is not supported: the sidecar lists sessions of one subject only. ${advice}`),
  );
}
