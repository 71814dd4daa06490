import type { Instant } from './clock';

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
  readonly slack: Slack;
}

/** How much later than promised something may happen on a busy machine, in ms. */
export interface Slack {
  /** How long after its caller has given up a change may take effect: the error of the estimate of Redis's clock. */
  readonly lateMs: number;
  /** Added to the second within which calls must succeed again. */
  readonly recoveryMs: number;
  /** Added to the deadline of a call. */
  readonly deadlineMs: number;
  /** Added to the bound of staleness. */
  readonly stalenessMs: number;
}

export const defaultSlack: Slack = { lateMs: 200, recoveryMs: 500, deadlineMs: 1000, stalenessMs: 250 };

/** The default slack times `factor`, for a busy machine. */
export function slackTimes(factor: number): Slack {
  const { lateMs, recoveryMs, deadlineMs, stalenessMs } = defaultSlack;
  return {
    lateMs: lateMs * factor,
    recoveryMs: recoveryMs * factor,
    deadlineMs: deadlineMs * factor,
    stalenessMs: stalenessMs * factor,
  };
}

/** The promised bound of staleness, and the time within which a broken connection must be replaced, in ms. */
export const stalenessBoundMs = 1000;
export const recoveryBoundMs = 1000;

export interface SessionInfo {
  readonly name: string;
  /** The hash slot of its key. */
  readonly slot: number;
  /** `undefined` if it is longer than any run. */
  readonly idleTimeoutMs: number | undefined;
}

export type Register = 'a' | 'b' | 'c';

/** One step of an update. What is stored is the id of the operation. */
export type Write =
  | { readonly kind: 'set' | 'setIfAbsent' | 'delete' | 'take'; readonly key: Register }
  | { readonly kind: 'increment'; readonly by: number }
  | { readonly kind: 'flash' };

/** Keeps only the first flash write. A message is the id of its operation, so an operation can push only one. */
export function atMostOneFlash(writes: readonly Write[]): Write[] {
  return writes.filter(
    (write, index) => write.kind !== 'flash' || writes.findIndex(({ kind }) => kind === 'flash') === index,
  );
}

export type Call =
  | { readonly kind: 'create' }
  | { readonly kind: 'read'; readonly through: Face }
  /** Finally appends the id to `log`. Through `session`, it does nothing else, because it uses transform(). */
  | {
      readonly kind: 'update';
      readonly through: Face;
      readonly writes: readonly Write[];
      readonly ifVersion?: number | undefined;
    }
  /** Appends the id to `log`. The new token is named by the id. */
  | { readonly kind: 'regenerate' }
  | { readonly kind: 'invalidate' }
  | { readonly kind: 'pushFlash' | 'popFlash' | 'peekFlash' | 'newCsrf' | 'getCsrf' };

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

export interface ReadinessSample {
  readonly sidecar: string;
  readonly at: Instant;
  /** `undefined` without an answer. */
  readonly status: number | undefined;
}

export interface MemorySample {
  readonly sidecar: string;
  readonly at: Instant;
  readonly residentBytes: number;
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
