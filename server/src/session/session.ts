import type { Content } from './content';

/** What is stored of one session, as the use cases see it. Times are milliseconds since 1970 by the store's clock. */
export interface SessionRecord extends SessionMetadata, Content {
  readonly handle: string;
  readonly csrfToken: string;
  readonly subject: string | undefined;
  readonly label: string | undefined;
}

/** The part of a record that every change returns. */
export interface SessionMetadata {
  readonly created: number;
  /** The last access that was recorded; see {@link touchIntervalOf}. */
  readonly accessed: number;
  /** `undefined`: never expires by being idle. */
  readonly idleTimeout: number | undefined;
  /** When the session expires unless it is used again; `undefined`: never. */
  readonly expires: number | undefined;
  /** 1 at creation, one more with every change. */
  readonly version: number;
}

/** How long sessions live: the settings of a deployment. All in milliseconds. */
export interface ExpiryPolicy {
  /** For sessions without their own idle timeout; `undefined`: they never expire by being idle. */
  readonly idleTimeout: number | undefined;
  /** How old a recorded access must be before another is recorded; `undefined`: 10 % of the idle timeout, at most 60 s. */
  readonly touchInterval: number | undefined;
  /** Maximum age of a session, even if it is in use; `undefined`: unlimited. */
  readonly maxLifetime: number | undefined;
}

export const longestDefaultTouchInterval = 60_000;

/** How long accesses to a session with this idle timeout go unrecorded after one that was recorded. */
export function touchIntervalOf(policy: ExpiryPolicy, idleTimeout: number | undefined): number {
  if (idleTimeout === undefined) return policy.touchInterval ?? longestDefaultTouchInterval;
  if (policy.touchInterval !== undefined) return Math.min(policy.touchInterval, idleTimeout);
  return Math.min(Math.floor(idleTimeout / 10), longestDefaultTouchInterval);
}

/**
 * When a session ends: one idle timeout after the last access that may have gone unrecorded, which is up to one touch interval
 * after the recorded one, and never past its maximum lifetime. From then on it does not exist.
 */
export function expiryOf(
  policy: ExpiryPolicy,
  session: Pick<SessionMetadata, 'created' | 'accessed' | 'idleTimeout'>,
): number | undefined {
  const { created, accessed, idleTimeout } = session;
  const idleEnd = idleTimeout === undefined ? Infinity : accessed + idleTimeout + touchIntervalOf(policy, idleTimeout);
  const absoluteEnd = policy.maxLifetime === undefined ? Infinity : created + policy.maxLifetime;
  const end = Math.min(idleEnd, absoluteEnd);
  return end === Infinity ? undefined : end;
}
