import { elementsOf, membersOf } from '../json-text';
import type { Format, SourceRecord, SourceSession } from './format';

/** The part of a session's cookie that says when the session ends. */
interface Cookie {
  readonly expires?: unknown;
  readonly originalMaxAge?: unknown;
}

/** Where the application finds the sessions: with `SidecarStore` of express-session, or with an adapter. */
export type Destination = 'store' | 'adapter';

/**
 * connect-redis 5 to 9: the session of express-session as JSON, with its cookie, below a prefix. `SidecarStore` finds the same fields,
 * the cookie included. An adapter has no cookie in the session, and messages of connect-flash in its own queues.
 */
export function connectRedis(destination: Destination): Format {
  return {
    read({ name, text, ttlMs }, now) {
      const data = new Map(membersOf(text));
      const cookie = cookieOf(data.get('cookie'));
      if (cookie === undefined) return 'other_format';
      const lifetimeMs = lifetimeOf(cookie, ttlMs, now);
      if (lifetimeMs !== undefined && lifetimeMs <= 0) return 'expired';
      if (destination === 'adapter') return forAdapter({ id: name, data, flash: new Map(), lifetimeMs });
      // As long as the session lives, like its next touch would set it: connect-redis extends the TTL alone.
      const expires = lifetimeMs === undefined ? undefined : new Date(now + lifetimeMs);
      if (cookie.expires && expires) data.set('cookie', JSON.stringify({ ...cookie, expires }));
      return { id: name, data, flash: new Map(), lifetimeMs };
    },
  };
}

function cookieOf(text: string | undefined): Cookie | undefined {
  return text?.startsWith('{') === true ? (JSON.parse(text) as Cookie) : undefined;
}

/** The same rules as those of `SidecarStore` for `importFrom`. */
function lifetimeOf({ expires, originalMaxAge }: Cookie, ttlMs: SourceRecord['ttlMs'], now: number) {
  if (ttlMs !== undefined) return ttlMs;
  const end = typeof expires === 'string' || typeof expires === 'number' ? new Date(expires).getTime() : NaN;
  if (Number.isNaN(end)) return undefined;
  return end <= now && typeof originalMaxAge === 'number' ? originalMaxAge : end - now;
}

function forAdapter(session: SourceSession): SourceSession {
  const data = new Map(session.data);
  data.delete('cookie');
  const flash = queuesOf(data.get('flash') ?? '');
  if (flash !== undefined) data.delete('flash');
  return { ...session, data, flash: flash ?? new Map() };
}

/** @returns `undefined` if the text is not what connect-flash stores */
function queuesOf(text: string): SourceSession['flash'] | undefined {
  const queues = membersOf(text);
  if (queues === undefined) return undefined;
  const flash = new Map<string, readonly string[]>();
  for (const [queue, messages] of queues) {
    const elements = elementsOf(messages);
    if (elements === undefined) return undefined;
    if (elements.length > 0) flash.set(queue, elements);
  }
  return flash;
}
