import type { Instant } from './clock';
import type { KeyPeriod, MemorySample, ReadinessSample, RecordSample } from './samples';
import type { Slack } from './slack';

/**
 * What happened in one round, as plain data. It is the only input of the checks. All times are of one clock.
 *
 * Every operation has a unique id. A change appends its id to the array `log` of the session, in the same atomic step as its other
 * effects, so each read shows which changes took effect, and in which order.
 */
export interface History {
  readonly operations: readonly Operation[];
  readonly sessions: readonly SessionInfo[];
  readonly faults: readonly FaultEvent[];
  readonly readiness: readonly ReadinessSample[];
  readonly memory: readonly MemorySample[];
  readonly stalls: readonly Stall[];
  /** What watchers of session events were told. */
  readonly watched: readonly WatchedEvents[];
  /** With encryption: what each sidecar has encrypted with, and what was found in Redis. */
  readonly keys: readonly KeyPeriod[];
  readonly records: readonly RecordSample[];
  readonly setup: Setup;
}

/** The part of the set-up on which the promises depend. */
export interface Setup {
  readonly nearCache: boolean;
  /** Whether the typed sessions of callers have a cache. */
  readonly clientCache: boolean;
  /** `SESSION_SIDECAR_TOUCH_INTERVAL`, in ms. */
  readonly touchIntervalMs: number;
  /** The limit for a sidecar's resident memory, in bytes. */
  readonly memoryLimitBytes: number;
  /** How many sessions a subject may have. Default: any number. */
  readonly subjectLimit?: SubjectLimit | undefined;
  readonly slack: Slack;
}

export interface SubjectLimit {
  readonly max: number;
  readonly action: 'end-oldest' | 'refuse';
}

export interface SessionInfo {
  readonly name: string;
  /** Its public id, by which lists and events name it. */
  readonly handle: string;
  /** The hash slot of its key. */
  readonly slot: number;
  /** `undefined` if it is longer than any run. */
  readonly idleTimeoutMs: number | undefined;
}

export type Register = 'a' | 'b' | 'c';

/** What only merging saves write. */
export type MergedKey = 'm' | 'n';

/** One step of an update. What is stored is the id of the operation. */
export type Write =
  | { readonly kind: 'set' | 'setIfAbsent' | 'delete' | 'take'; readonly key: Register }
  | { readonly kind: 'increment'; readonly by: number }
  | { readonly kind: 'flash' }
  /** Writes back the list `locked` as it was when the lease began, with the id added: lost if two holders do that at the same time. */
  | { readonly kind: 'locked' };

/** Keeps only the first flash write. A message is the id of its operation, so an operation can push only one. */
export function atMostOneFlash(writes: readonly Write[]): Write[] {
  return writes.filter(
    (write, index) => write.kind !== 'flash' || writes.findIndex(({ kind }) => kind === 'flash') === index,
  );
}

export type Call =
  | { readonly kind: 'create'; readonly subject?: string | undefined }
  | { readonly kind: 'read'; readonly through: Face }
  | Update
  | Merge
  | Regenerate
  | { readonly kind: 'invalidate' }
  /** The lease is named by the id. */
  | { readonly kind: 'acquire'; readonly leaseMs: number }
  | { readonly kind: 'release'; readonly lease: string }
  /** All pages. On no session, as the next one. */
  | { readonly kind: 'list'; readonly subject: string }
  /** Ends all sessions of a subject, but for that of a token, by the name of the token. An operator can spare none. */
  | {
      readonly kind: 'revoke';
      readonly subject: string;
      readonly except?: string | undefined;
      readonly by?: 'operator' | undefined;
    }
  /** An operator ends all sessions that were created so long before the call. */
  | { readonly kind: 'revokeOlder'; readonly olderThanMs: number }
  | { readonly kind: 'pushFlash' | 'popFlash' | 'peekFlash' | 'newCsrf' | 'getCsrf' };

/**
 * Finally appends the id to `log`. Through `session`, it does nothing else: it uses transform(), or with `onConflict` save(). Through
 * `lock`, it uses withLock(), and writes `locked`.
 */
export interface Update {
  readonly kind: 'update';
  readonly through: Face | 'lock';
  readonly writes: readonly Write[];
  readonly ifVersion?: number | undefined;
  readonly onConflict?: 'fail' | undefined;
  /** The lease whose fence it carries. */
  readonly lease?: string | undefined;
  /** The duration of the lease of withLock(). */
  readonly leaseMs?: number | undefined;
  /** Who the session belongs to from then on; empty: not to a subject. */
  readonly subject?: string | undefined;
}

/**
 * `save({ onConflict: 'merge' })` of a typed session that has set one key to the id, and deleted another one if it was there. It leaves
 * nothing in `log`, which it would have to write as a whole.
 */
export interface Merge {
  readonly kind: 'merge';
  readonly through: 'session';
  readonly sets: MergedKey;
  readonly deletes?: MergedKey | undefined;
}

/** Appends the id to `log`. The new token is named by the id. With a subject, it is a login. */
export interface Regenerate {
  readonly kind: 'regenerate';
  readonly graceMs?: number | undefined;
  readonly subject?: string | undefined;
}

/** Whether a call uses the API directly, or the client's typed session. */
export type Face = 'api' | 'session';

export interface Operation {
  readonly id: string;
  readonly process: string;
  /** The sidecar that was called. */
  readonly sidecar: string;
  /** The name of the session. */
  readonly session: string;
  /** The token that was used, by the id of the operation that made it. A `create` has its own id here. */
  readonly token: string;
  readonly call: Call;
  readonly invoked: Instant;
  /** `Infinity` if it never ended. */
  readonly completed: Instant;
  readonly deadline: Instant;
  /** Whether its caller cancelled it. */
  readonly cancelled?: boolean | undefined;
  readonly outcome: Outcome;
}

export type Outcome = Success | Failure | { readonly status: 'open' };

export interface Success {
  readonly status: 'ok';
  /** The version of the session that was returned. */
  readonly version?: number | undefined;
  /** What a read showed. */
  readonly state?: State | undefined;
  readonly csrf?: string | undefined;
  /** Flash messages that were popped or peeked at: ids of operations. */
  readonly messages?: readonly string[] | undefined;
  /** The number of the lease that was acquired. */
  readonly fence?: number | undefined;
  /** The handles of the sessions that were listed. */
  readonly listed?: readonly string[] | undefined;
  /** Whether a merging save had anything to delete. */
  readonly deleted?: boolean | undefined;
  /** What each write returned: the value of `increment`, `take` and `setIfAbsent`. */
  readonly values?: readonly (string | undefined)[] | undefined;
}

export interface Failure {
  readonly status: 'failed';
  /** A code of docs/reference/errors.md, or the name of what was thrown instead. */
  readonly code: string;
  /** Whether the change may have been applied all the same, according to the error. */
  readonly maybeApplied: boolean;
}

/** A session's data, as far as the checks use it. */
export interface State {
  readonly log: readonly string[];
  readonly count: number;
  readonly registers: Readonly<Partial<Record<Register, string>>>;
  readonly locked?: readonly string[] | undefined;
  readonly merged?: Readonly<Partial<Record<MergedKey, string>>> | undefined;
}

/** What a watcher of session events was told, or all watchers of a group together. */
export interface WatchedEvents {
  readonly name: string;
  /** Everything that happens from then on is reported. */
  readonly since: Instant;
  /** What has happened until then. */
  readonly until: Instant;
  /** When it was told that its cursor has expired, so that it began anew; or that it failed for another reason. */
  readonly restarts: readonly { readonly at: Instant; readonly code: string }[];
  /** In the order of their arrival. */
  readonly events: readonly SeenEvent[];
}

export interface SeenEvent {
  readonly type: 'created' | 'regenerated' | 'invalidated' | 'expired' | 'revoked' | 'replaced_token_used';
  readonly handle: string;
  readonly subject?: string | undefined;
  readonly version?: number | undefined;
  /** By the store's clock, in ms since 1970. */
  readonly time: number;
  /** When it arrived. */
  readonly at: Instant;
}

/** Something done to the system from outside. Only a fault excuses anything. */
export interface FaultEvent {
  readonly kind: string;
  /** What exactly was done, for human readers. */
  readonly detail: string;
  readonly injected: Instant;
  /** When it was undone. */
  readonly healed: Instant;
  /** When calls became able to succeed again. Within a second, they must. */
  readonly possible: Instant;
  /** The sidecars whose calls may fail meanwhile. If empty, no call may fail because of it. */
  readonly sidecars: readonly string[];
  /** The hash slots that it affects. Default: all. */
  readonly slots?: readonly SlotRange[] | undefined;
  /** What the store may have lost. Default: nothing. */
  readonly loss?: Loss | undefined;
  /** The sidecar that was stopped from `injected` to `possible`. */
  readonly stopped?: string | undefined;
  /** How late the network may have delivered requests to these sidecars, in ms. A request's timeout begins when it arrives. */
  readonly requestDelayMs?: number | undefined;
  /** A planned restart, which no caller may notice. */
  readonly restart?: { readonly sidecar: string; readonly downMs: number } | undefined;
}

export type SlotRange = readonly [first: number, last: number];

export interface Loss {
  /**
   * - `recent`: a replica took over, so sessions may be as they were at some time after `from`.
   * - `sessions`: sessions may be lost as a whole. The others are complete.
   */
  readonly what: 'recent' | 'sessions';
  readonly from: Instant;
  /** Nothing that was requested later may be lost. */
  readonly until: Instant;
  /** Reads that were requested until then may still show what is lost. Default: `until`. */
  readonly readUntil?: Instant | undefined;
}

/** A period in which a process of the checker did not run, because the machine was busy. */
export interface Stall {
  readonly process: string;
  readonly from: Instant;
  readonly to: Instant;
}

/** A broken promise, and the evidence. */
export interface Violation {
  /** The short name of the promise. */
  readonly promise: string;
  readonly message: string;
  readonly at: Instant;
  readonly operations: readonly Operation[];
}
