import type { ChangeFeed } from './change-feed';
import type { Generation } from './etag';
import type { MutationResult, Refusal, SessionUpdate } from './session-update';
import type { ContentEntries } from './content';
import type { SessionRecord, SessionMetadata } from './session';

/**
 * Where sessions live.
 *
 * A session is named by its handle and unlocked by the hash of its secret. Where the two do not belong together, or the
 * session has ended, the store answers as if it had never existed, without distinguishing these cases. That is an
 * answer, not an error.
 *
 * Every method is one atomic step: no other call sees, or is lost in, the middle of it. Nothing but `create` creates:
 * no method brings a session back that was deleted or has expired, however late it is called.
 *
 * The store's own clock decides. A session lives at least its idle timeout from its last access, at most that and one touch
 * interval, and never past the greatest lifetime from its creation. `load` and `update` count as accesses. A load
 * within the touch interval of a recorded access writes nothing.
 *
 * A deadline is the moment after which the caller no longer waits, by the monotonic clock (`performance.now()`); default: never.
 * A method changes nothing after it, however late the store gets to it.
 *
 * A promise is rejected only when the store fails: with `STORE_UNAVAILABLE` when it did not answer, with
 * `STORE_FULL` when it has no room and stored nothing, with `UnreadableRecordError` when the stored record makes no sense. A
 * resolved promise means that the change is stored.
 */
export interface SessionStore {
  /**
   * Stores a new session at version 1. The handle must be fresh: the store refuses to overwrite a session and rejects
   * with an Error.
   */
  create(session: NewSession, deadline?: number): Promise<SessionMetadata>;

  /** Reads a session and records the access when the touch interval has passed since the last one recorded. */
  load(ref: SessionRef, deadline?: number): Promise<LoadedSession | undefined>;

  /**
   * As {@link load}, for a caller that has a copy: a store may leave out the content of a session that is in the state of the copy.
   *
   * @param held the etag of the copy
   */
  validate(ref: SessionRef, held: Buffer, deadline?: number): Promise<LoadedSession | UnchangedSession | undefined>;

  /**
   * Applies a change, all of it or nothing. The version grows by one if anything changed, by however many mutations.
   * Refuses, and stores nothing, when `ifVersion` does not hold, when a mutation cannot work on the value it finds,
   * or when the session would grow past a limit. One that is past a limit already may shrink or stay.
   */
  update(ref: SessionRef, change: SessionUpdate, deadline?: number): Promise<UpdateOutcome>;

  /** Removes a session. `true` if it was there. */
  delete(ref: SessionRef, deadline?: number): Promise<boolean>;

  /** Whether the store can be used now, as its commands experience it. Must not wait for a broken connection. */
  readonly ready: boolean;

  /** Reports changes to those who keep copies of sessions; `undefined`: this store cannot. */
  readonly changes: ChangeFeed | undefined;

  /** What the store depends on, and why any of it cannot be used. */
  readonly parts: readonly StorePart[];

  /** Lets go of connections and timers. */
  close(): Promise<void>;
}

/** Something that the store depends on: a server. */
export interface StorePart {
  /** For people, such as `redis 10.0.0.7:6379`. */
  readonly name: string;
  readonly ready: boolean;
  /** Why it is not ready. */
  readonly reason: string | undefined;
  /** Since when it has been ready, or not ready, in milliseconds since 1970. */
  readonly since: number;
}

export interface SessionRef {
  readonly handle: string;
  /** SHA-256 of the token's secret half, in base64url. */
  readonly secretHash: string;
}

export interface NewSession extends SessionRef {
  readonly content: ContentEntries;
  readonly csrfToken: string;
  readonly idleTimeout: number | undefined;
  readonly subject: string | undefined;
}

/** What those who keep copies of a session need to know of one state of it. */
export interface CopyTerms {
  /** The history that the version belongs to; `undefined`: it is not known to be one. */
  readonly generation: Generation | undefined;
  /** For how many milliseconds the session need not be loaded again, as long as no change is reported; 0: each time. */
  readonly liveMs: number;
}

export interface LoadedSession extends CopyTerms {
  readonly session: SessionRecord;
  /** Whether this load recorded the access. */
  readonly touched: boolean;
}

/** What `validate` says of a session whose content it has left out. */
export interface UnchangedSession extends CopyTerms {
  readonly unchanged: SessionMetadata;
  /** Whether this load recorded the access. */
  readonly touched: boolean;
}

export type UpdateOutcome =
  | ({
      readonly status: 'updated';
      readonly session: SessionMetadata;
      readonly results: readonly MutationResult[];
    } & CopyTerms)
  | { readonly status: 'not_found' }
  | { readonly status: 'version_mismatch'; readonly version: number }
  | { readonly status: 'refused'; readonly refusal: Refusal };
