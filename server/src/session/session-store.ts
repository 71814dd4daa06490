import type { ChangeFeed } from './change-feed';
import type { Generation } from './etag';
import type { MutationResult, Refusal, SessionUpdate } from './session-update';
import type { Content, ContentEntries } from './content';
import type { Lease } from './lease';
import type { SessionRecord, SessionMetadata } from './session';

/**
 * Where sessions live.
 *
 * A session is named by its handle and unlocked by the hash of its secret. If the two do not match, or the session has ended, the
 * store answers as if it had never existed, without distinguishing these cases. That is a result, not an error.
 *
 * Every method is one atomic step: no other call sees, or is lost in, the middle of it. Only `create` creates: no method restores a
 * session that was deleted or has expired, however late it is called.
 *
 * The store's own clock decides. A session lives at least its idle timeout from its last access, at most that and one touch
 * interval, and never past the maximum lifetime from its creation. `load` and `update` count as accesses. A load within the touch
 * interval of a recorded access writes nothing.
 *
 * A deadline is the moment after which the caller no longer waits, by the monotonic clock (`performance.now()`); default: never. A
 * method changes nothing after it, however late the store executes it.
 *
 * A token that was replaced with a grace finds the session until that is over, for everything but replacing the token again. Used
 * afterwards, it finds nothing, and the store reports it as long as it is the last one that was replaced. Another replacement and a
 * change of the subject end the grace.
 *
 * A store may limit the sessions of a subject ({@link SubjectLimit}). `create` and `update` then give a session a subject only within the
 * limit: they end the oldest sessions of the subject, or reject with `TOO_MANY_SESSIONS` and change nothing. A session that has the
 * subject already is never refused.
 *
 * A promise is rejected otherwise only when the store fails: with `STORE_UNAVAILABLE` when it did not answer, with `STORE_FULL` when it has
 * no room and stored nothing, with `UnreadableRecordError` when the stored record cannot be read. A resolved promise means that the
 * change is stored.
 */
export interface SessionStore {
  /**
   * Stores a new session, unless one with its handle exists: then rejects with `VERSION_MISMATCH`, and nothing is stored.
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
   * Applies a change, all of it or nothing. The version grows by one if anything changed, by however many mutations. Rejects the
   * change, and stores nothing, if `ifVersion` does not match, if `fence` is not that of the present lease, if a mutation cannot be applied to the value it finds, or if the
   * session would grow past a limit. A session that already exceeds a limit may shrink or stay.
   */
  update(ref: SessionRef, change: SessionUpdate, deadline?: number): Promise<UpdateOutcome>;

  /**
   * Leases a session to a holder, unless another one has it, and reads it. A holder that has the lease gets it again, unchanged.
   * The version stays the same.
   */
  acquire(ref: SessionRef, request: LeaseRequest, deadline?: number): Promise<AcquireOutcome>;

  /** Ends a lease. `false` if it has ended before; `undefined` if there is no session. */
  release(ref: SessionRef, fence: number, deadline?: number): Promise<boolean | undefined>;

  /**
   * Removes a session. `true` if it was there. A record that cannot be read cannot confirm the secret either, and is removed all the
   * same; but not one of a newer format that does not confirm it.
   */
  delete(ref: SessionRef, deadline?: number): Promise<boolean>;

  /**
   * Lists sessions of a subject in the order of their handles, without counting that as an access. Those whose record cannot be
   * read are left out.
   */
  listSubject(subject: string, page: SubjectPageRequest, deadline?: number): Promise<SubjectPage>;

  /**
   * Removes the sessions of a subject; not in one step, but each of them in one. No session that belonged to the subject at the time
   * of the call survives, nor does one to which a `create` or `update` in flight gives the subject afterwards. If the promise is
   * rejected, some may have been removed.
   *
   * @returns how many were removed
   */
  deleteSubject(subject: string, selection: SubjectSelection, deadline?: number): Promise<number>;

  /** Whether the store can be used now. Must not wait for a broken connection. */
  readonly ready: boolean;

  /** Reports changes, for copies of sessions; `undefined`: this store cannot. */
  readonly changes: ChangeFeed | undefined;

  /** What the store depends on, and why any of it cannot be used. */
  readonly parts: readonly StorePart[];

  /** Closes connections and timers. */
  close(): Promise<void>;
}

/** Something that the store depends on: a server. */
export interface StorePart {
  /** Its name in texts, for example `redis 10.0.0.7:6379`. */
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
  readonly label?: string | undefined;
  /** The fingerprint of the key that signed its token; `undefined`: not recorded. */
  readonly signingKey?: string | undefined;
  /**
   * Whether other sessions may have the same handle, one after another. Versions then start above those of earlier ones
   * instead of at 1, because copies are told apart by handle and version. Default: false.
   */
  readonly reusesHandle?: boolean | undefined;
}

export interface SubjectPageRequest {
  /** Only sessions whose handle follows this one; `undefined`: from the first one on. */
  readonly after: string | undefined;
  /** Maximum number of sessions. */
  readonly size: number;
  /** A page ends before the data of its sessions exceeds this many bytes, unless it is one session's; `undefined`: no data is read. */
  readonly maxDataBytes: number | undefined;
}

export interface SubjectPage {
  readonly sessions: readonly ListedSession[];
  /** The handle after which the next page begins; `undefined`: there is none. */
  readonly next: string | undefined;
}

export interface ListedSession extends SessionRef, SessionMetadata {
  readonly label: string | undefined;
  /** Empty if no data was asked for. */
  readonly data: Content['data'];
}

export interface SubjectSelection {
  /** A session that stays, if its secret matches. */
  readonly except?: SessionRef | undefined;
  /** The handles of the only sessions to remove; `undefined`: all. */
  readonly only?: ReadonlySet<string> | undefined;
}

/** What a copy of one state of a session needs. */
export interface CopyTerms {
  /** The history that the version belongs to; `undefined`: unknown. */
  readonly generation: Generation | undefined;
  /** How long, in ms, the session need not be loaded again while no change is reported; 0: load it each time. */
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
  | { readonly status: 'lease_lost' }
  | { readonly status: 'refused'; readonly refusal: Refusal };

export interface LeaseRequest {
  /** 1 to 256 bytes of UTF-8 without control characters. */
  readonly holder: string;
  readonly durationMs: number;
}

export type AcquireOutcome =
  | { readonly status: 'acquired'; readonly lease: Lease; readonly session: SessionRecord }
  | { readonly status: 'held'; readonly remainingMs: number }
  | { readonly status: 'not_found' };
