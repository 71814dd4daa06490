import { SessionError } from '../errors/session-error';
import type { ISession } from '../session/session';
import { hasExpired, idleTimeoutOf, lifetimeOf } from './expiry';
import type { Expiring, Ttl } from './expiry';
import { textsOf } from './session-copy';
import type { Data, Sessions } from './session-copy';

/** The sessions of an earlier store, each of which moves to the sidecar at its first use. */
export interface SessionSource {
  /** The session with an id, or nothing. */
  get(sid: string): Promise<SourceSession | null | undefined>;
  /** Removes the session with an id. Resolves to whether it was there: to true for at most one of several parallel calls. */
  delete(sid: string): Promise<boolean>;
}

export interface SourceSession {
  /** The session as express-session has stored it, with its `cookie`. */
  readonly data: object;
  /** How long it would still have lived, in milliseconds. Default: as long as a session that is stored now. */
  readonly ttlMs?: number | undefined;
}

/**
 * Moves a session to the sidecar, once, however many requests do so at the same time. The one whose record is gone when it has
 * stored it has come too late: the session was moved before, and has ended since.
 *
 * @param fresh a new session with the id
 * @returns the session; `undefined`: no session has this id
 */
export async function moveSession(
  sid: string,
  fresh: ISession<Data>,
  { sessions, source, ttl }: { readonly sessions: Sessions; readonly source: SessionSource; readonly ttl: Ttl },
): Promise<ISession<Data> | undefined> {
  const found = await source.get(sid);
  if (!found) return storedById(sid, sessions);
  const { data, lifetime } = alive(found, ttl);
  if (!(lifetime > 0)) return undefined;
  for (const [key, text] of textsOf(data)) fresh.set(key, JSON.parse(text) as unknown);
  fresh.setIdleTimeout(idleTimeoutOf(lifetime));
  try {
    await fresh.save();
  } catch (error) {
    if (SessionError.is(error) && error.code === 'VERSION_MISMATCH') return storedById(sid, sessions);
    throw error;
  }
  if (await source.delete(sid)) return fresh;
  await fresh.invalidate();
  return undefined;
}

async function storedById(sid: string, sessions: Sessions): Promise<ISession<Data> | undefined> {
  const session = await sessions.openById(sid);
  return session.state === 'stored' ? session : undefined;
}

/** connect-redis extends the TTL of a record without storing the cookie again, so the cookie may seem to have expired. */
function alive({ data, ttlMs }: SourceSession, ttl: Ttl): { readonly data: object; readonly lifetime: number } {
  const { cookie } = data as Expiring;
  const known = ttlMs ?? (hasExpired(data) ? (cookie?.originalMaxAge ?? undefined) : undefined);
  const lifetime = known ?? lifetimeOf(data, ttl);
  if (!cookie?.expires) return { data, lifetime };
  return { data: { ...data, cookie: { ...cookie, expires: new Date(Date.now() + lifetime) } }, lifetime };
}
