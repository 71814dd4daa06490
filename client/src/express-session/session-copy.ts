import { SessionError } from '../errors/session-error';
import type { SessionClient } from '../session-client';
import { copyJson } from '../session/json-copy';
import type { ISession } from '../session/session';
import { idleTimeoutOf } from './expiry';

export type Data = Record<string, unknown>;
export type Sessions = Pick<SessionClient<Data>, 'create' | 'openById'>;

/** The fields of a session as JSON texts. */
export type Texts = ReadonlyMap<string, string>;

/** A call this recent has already extended the life of the session. */
const recentMs = 1000;

const maxAttempts = 3;

/**
 * One request's copy of a session. It knows what the request has loaded, so it stores only what the request has changed, and
 * never a session that has ended meanwhile.
 */
export class SessionCopy {
  readonly sid: string;
  readonly #sessions: Sessions;
  #session: ISession<Data>;
  #calledAt = performance.now();

  /** @param session as it was loaded, or a new one with the id `sid` */
  constructor(sid: string, session: ISession<Data>, sessions: Sessions) {
    this.sid = sid;
    this.#session = session;
    this.#sessions = sessions;
  }

  /** What was loaded, for the request to change. */
  data(): Data {
    return copyJson(this.#session.toObject()) as Data;
  }

  /**
   * Stores the fields that differ from those loaded. A new session is created.
   *
   * @param always whether to store the lifetime even if the cookie has not changed
   * @returns whether the session still exists
   */
  async set(texts: Texts, lifetime: number, { always = false } = {}): Promise<boolean> {
    const isNew = this.#session.state === 'new';
    for (const key of [...this.#session.keys()]) if (!texts.has(key)) this.#session.delete(key);
    let changed = isNew || always || !this.#isRecent;
    for (const [key, text] of texts) if (this.#change(key, text) && key === 'cookie') changed = true;
    if (changed) this.#session.setIdleTimeout(idleTimeoutOf(lifetime));
    if (!isNew) return this.#save();
    try {
      return await this.#save();
    } catch (error) {
      if (!SessionError.is(error) || error.code !== 'VERSION_MISMATCH') throw error;
      await this.#replace(texts, lifetime);
      return true;
    }
  }

  /**
   * Stores the cookie and the lifetime, and nothing else. Creates nothing.
   *
   * @returns whether the session still exists
   */
  async touch(cookie: string | undefined, lifetime: number, { always = false } = {}): Promise<boolean> {
    if (this.#session.state === 'new') return false;
    const changed = cookie !== undefined && this.#change('cookie', cookie);
    if (changed || always || !this.#isRecent) this.#session.setIdleTimeout(idleTimeoutOf(lifetime));
    return this.#save();
  }

  get #isRecent(): boolean {
    return performance.now() - this.#calledAt < recentMs;
  }

  #change(key: string, text: string): boolean {
    if (this.#session.has(key) && JSON.stringify(this.#session.get(key)) === text) return false;
    this.#session.set(key, JSON.parse(text) as unknown);
    return true;
  }

  async #save(): Promise<boolean> {
    const calledAt = performance.now();
    try {
      const isCalled = this.#session.hasChanges;
      await this.#session.save();
      if (isCalled) this.#calledAt = calledAt;
      return true;
    } catch (error) {
      if (SessionError.is(error) && error.code === 'SESSION_NOT_FOUND') return false;
      throw error;
    }
  }

  /** Of a session that the request has not loaded, nothing is known that could be kept: the last one wins, as in other stores. */
  async #replace(texts: Texts, lifetime: number): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const session = await this.#sessions.openById(this.sid);
      session.clear();
      for (const [key, text] of texts) session.set(key, JSON.parse(text) as unknown);
      session.setIdleTimeout(idleTimeoutOf(lifetime));
      try {
        await session.save();
        this.#session = session;
        return;
      } catch (error) {
        if (attempt === maxAttempts || !isLostRace(error)) throw error;
      }
    }
  }
}

/** The fields of a session, as JSON.stringify() sees them. @throws TypeError for what JSON cannot hold */
export function textsOf(session: object): Texts {
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(session)) {
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) texts.set(key, text);
  }
  return texts;
}

function isLostRace(error: unknown): boolean {
  return SessionError.is(error) && (error.code === 'VERSION_MISMATCH' || error.code === 'SESSION_NOT_FOUND');
}
