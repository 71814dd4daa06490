import type { Instant } from './clock';

/**
 * What happened in one round, as plain data: the only input of the checks. Times are of one clock for all processes.
 *
 * Every operation has an id that no other has. A change appends its id to the array `log` of the session, in the same atomic step as
 * whatever else it does, so each read shows which changes took effect, and in which order.
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

/** How the sidecars were set up, as far as it decides what they promise. */
export interface Setup {
  readonly nearCache: boolean;
  /** Whether the typed sessions of callers have a cache. */
  readonly clientCache: boolean;
  /** `SESSION_SIDECAR_TOUCH_INTERVAL`, in ms. */
  readonly touchIntervalMs: number;
  /** Above this a sidecar's resident memory is outside of its manifest, in bytes. */
  readonly memoryLimitBytes: number;
  readonly slack: Slack;
}

/** What a busy machine may add to a promise before it counts as broken, in ms. */
export interface Slack {
  /** Between a caller giving up and the last moment at which its change may take effect: the error of the estimate of Redis's clock. */
  readonly lateMs: number;
  /** To the second within which calls must succeed again. */
  readonly recoveryMs: number;
  /** To the deadline of a call. */
  readonly deadlineMs: number;
  /** To the bound of staleness. */
  readonly stalenessMs: number;
}

export const defaultSlack: Slack = { lateMs: 200, recoveryMs: 500, deadlineMs: 1000, stalenessMs: 250 };

/** For a machine that is busy with much else. */
export function slackTimes(factor: number): Slack {
  const { lateMs, recoveryMs, deadlineMs, stalenessMs } = defaultSlack;
  return {
    lateMs: lateMs * factor,
    recoveryMs: recoveryMs * factor,
    deadlineMs: deadlineMs * factor,
    stalenessMs: stalenessMs * factor,
  };
}

/** The bound of staleness that caches promise, and the time within which a useless connection must be replaced, in ms. */
export const stalenessBoundMs = 1000;
export const recoveryBoundMs = 1000;

export interface SessionInfo {
  readonly name: string;
  /** The hash slot of its key. */
  readonly slot: number;
  /** `undefined`: longer than any run. */
  readonly idleTimeoutMs: number | undefined;
}

export type Register = 'a' | 'b' | 'c';

/** One step of an update. What is stored is the id of the operation. */
export type Write =
  | { readonly kind: 'set' | 'setIfAbsent' | 'delete' | 'take'; readonly key: Register }
  | { readonly kind: 'increment'; readonly by: number }
  | { readonly kind: 'flash' };

/** A message is the id of its operation, so an operation can push only one. */
export function atMostOneFlash(writes: readonly Write[]): Write[] {
  return writes.filter(
    (write, index) => write.kind !== 'flash' || writes.findIndex(({ kind }) => kind === 'flash') === index,
  );
}

export type Call =
  | { readonly kind: 'create' }
  | { readonly kind: 'read'; readonly through: Face }
  /** Ends with appending the id to `log`. By `session` it does nothing else: that is what transform() can say. */
  | {
      readonly kind: 'update';
      readonly through: Face;
      readonly writes: readonly Write[];
      readonly ifVersion?: number | undefined;
    }
  /** Appends the id to `log` too. The new token has the id for its name. */
  | { readonly kind: 'regenerate' }
  | { readonly kind: 'invalidate' }
  | { readonly kind: 'pushFlash' | 'popFlash' | 'peekFlash' | 'newCsrf' | 'getCsrf' };

/** Called as the API has it, or by the typed session of the client. */
export type Face = 'api' | 'session';

export interface Operation {
  readonly id: string;
  readonly process: string;
  /** The sidecar that was asked. */
  readonly sidecar: string;
  /** The name of the session. */
  readonly session: string;
  /** The token that was used, by the id of the operation that made it. A `create` has its own id here. */
  readonly token: string;
  readonly call: Call;
  readonly invoked: Instant;
  /** `Infinity`: it never ended. */
  readonly completed: Instant;
  readonly deadline: Instant;
  /** Whether its caller gave it up by a signal. */
  readonly cancelled?: boolean | undefined;
  readonly outcome: Outcome;
}

export type Outcome = Success | Failure | { readonly status: 'open' };

export interface Success {
  readonly status: 'ok';
  /** The session's version that was told. */
  readonly version?: number | undefined;
  /** What a read showed. */
  readonly state?: State | undefined;
  readonly csrf?: string | undefined;
  /** Flash messages that were popped or peeked at: ids of operations. */
  readonly messages?: readonly string[] | undefined;
  /** For each write, what it told: the value of `increment`, `take` and `setIfAbsent`. */
  readonly values?: readonly (string | undefined)[] | undefined;
}

export interface Failure {
  readonly status: 'failed';
  /** A code of docs/reference/errors.md, or the name of what was thrown instead. */
  readonly code: string;
  /** Whether the change may have happened all the same, as the error says. */
  readonly maybeApplied: boolean;
}

/** A session's data as the checks know it. */
export interface State {
  readonly log: readonly string[];
  readonly count: number;
  readonly registers: Readonly<Partial<Record<Register, string>>>;
}

/** Something done to the machinery from outside, and the only thing that excuses anything. */
export interface FaultEvent {
  readonly kind: string;
  /** For people: what exactly was done, to what. */
  readonly detail: string;
  readonly injected: Instant;
  /** When it was taken back. */
  readonly healed: Instant;
  /** From when on a call could succeed again. Within a second of it, calls must. */
  readonly possible: Instant;
  /** The sidecars whose calls may fail meanwhile. Empty: no call may fail because of it. */
  readonly sidecars: readonly string[];
  /** The hash slots it is about. `undefined`: all. */
  readonly slots?: readonly SlotRange[] | undefined;
  /** What the store lost by it. Without it, nothing may be lost. */
  readonly loss?: Loss | undefined;
  /** The sidecar that stood still from `injected` to `possible`. */
  readonly stopped?: string | undefined;
  /** By how much requests reached these sidecars late, in ms: their time-outs begin when they arrive. */
  readonly requestDelayMs?: number | undefined;
  /** Planned restarts of sidecars, which no caller may notice. */
  readonly restart?: { readonly sidecar: string; readonly downMs: number } | undefined;
}

export type SlotRange = readonly [first: number, last: number];

export interface Loss {
  /**
   * - `recent`: sessions may be as they were at some time after `from`, because a replica took over.
   * - `sessions`: sessions may be gone as a whole; those that are not are complete.
   */
  readonly what: 'recent' | 'sessions';
  readonly from: Instant;
  /** Nothing may be lost that was asked for after it. */
  readonly until: Instant;
  /** Reads that were asked for until then may show what is lost. Default: `until`. */
  readonly readUntil?: Instant | undefined;
}

export interface ReadinessSample {
  readonly sidecar: string;
  readonly at: Instant;
  /** `undefined`: no answer. */
  readonly status: number | undefined;
}

export interface MemorySample {
  readonly sidecar: string;
  readonly at: Instant;
  readonly residentBytes: number;
}

/** A time in which a process of the checker did not run: the machine was busy. */
export interface Stall {
  readonly process: string;
  readonly from: Instant;
  readonly to: Instant;
}

/** A promise that was broken, and the evidence. */
export interface Violation {
  /** The short name of the promise. */
  readonly promise: string;
  readonly message: string;
  readonly at: Instant;
  readonly operations: readonly Operation[];
}
