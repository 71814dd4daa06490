/** The part of a session that says when it ends, as express-session and `@fastify/session` have it. */
export interface Expiring {
  readonly cookie?: {
    readonly expires?: Date | string | number | false | null | undefined;
    readonly originalMaxAge?: number | null | undefined;
  } | null;
}

/** In seconds, for all sessions or for each: as in connect-redis. */
export type Ttl = number | ((session: object) => number);

/** How long a session lives that is not touched, in milliseconds. Unless positive, it has ended. */
export function lifetimeOf(session: Expiring, ttl: Ttl): number {
  if (typeof ttl === 'function') return ttl(session) * 1000;
  const expires = session.cookie?.expires;
  return expires ? Number(new Date(expires)) - Date.now() : ttl * 1000;
}

/** Whether the cookie of a session has expired. Without a time of expiry, it is kept until the browser is closed. */
export function hasExpired({ cookie }: Expiring): boolean {
  const expires = cookie?.expires;
  return expires ? Number(new Date(expires)) <= Date.now() : false;
}

const shortest = 1000;
const longest = 10 * 365 * 24 * 3_600_000;

/** A lifetime as an idle timeout that the sidecar accepts. */
export function idleTimeoutOf(lifetime: number): number {
  return Math.min(Math.max(Math.ceil(lifetime), shortest), longest);
}
