import type { Instant } from '../clock';
import { recoveryBoundMs, stalenessBoundMs } from '../slack';
import type { FaultEvent, History, Loss, Operation, SessionInfo, Success } from '../history';

/** A successful operation. */
export type Done = Operation & { readonly outcome: Success };

/** A history, prepared for the checks: which operations belong together, what may be stale, and what is excused. */
export class HistoryView {
  readonly history: History;
  readonly sessions: readonly SessionView[];

  constructor(history: History) {
    this.history = history;
    const bySession = new Map<string, Operation[]>(history.sessions.map(({ name }) => [name, []]));
    // A `create` that failed has no session.
    for (const operation of history.operations) bySession.get(operation.session)?.push(operation);
    this.sessions = history.sessions.map((info) => {
      const operations = bySession.get(info.name) ?? [];
      return new SessionView(
        this,
        info,
        operations.sort((a, b) => a.invoked - b.invoked),
      );
    });
  }

  /** The longest time in [from, to] in which a process of the checker did not run, in ms. */
  stalledMs(from: Instant, to: Instant): number {
    let longest = 0;
    for (const stall of this.history.stalls) {
      longest = Math.max(longest, Math.min(stall.to, to) - Math.max(stall.from, from));
    }
    return longest;
  }

  /** How long in [from, to] a sidecar was stopped, in ms. */
  stoppedMs(sidecar: string, from: Instant, to: Instant): number {
    return this.history.faults
      .filter(({ stopped }) => stopped === sidecar)
      .reduce((sum, { injected, possible }) => sum + Math.max(0, Math.min(possible, to) - Math.max(injected, from)), 0);
  }

  /** How late the network may have delivered a request to its sidecar, in ms. */
  requestDelayMs({ sidecar, invoked, deadline }: Operation): number {
    const delays = this.history.faults
      .filter(({ sidecars, injected, healed }) => sidecars.includes(sidecar) && injected < deadline && healed > invoked)
      .map(({ requestDelayMs = 0 }) => requestDelayMs);
    return Math.max(0, ...delays);
  }

  /** The last moment at which an operation may take effect. */
  effectUntil(operation: Operation): Instant {
    const { completed, deadline, outcome } = operation;
    if (outcome.status === 'ok') return completed;
    const lateMs = this.history.setup.slack.lateMs + this.requestDelayMs(operation);
    if (outcome.status === 'open') return deadline + lateMs;
    // With STORE_UNAVAILABLE, the sidecar itself has given up the change. With any other failure, it may still work on the change
    // until the deadline.
    const sidecarGaveUp = outcome.code === 'STORE_UNAVAILABLE';
    return (sidecarGaveUp ? completed : Math.max(completed, deadline)) + lateMs;
  }

  /** Whether no fault can have concerned an operation. */
  isCalm({ invoked, completed }: Pick<Operation, 'invoked' | 'completed'>): boolean {
    return this.history.faults.every((fault) => completed < fault.injected || invoked > this.troubleUntil(fault));
  }

  /** Whether a fault may have lost, by `later`, what was done at `done`, in whatever hash slot. */
  isLostAnywhere(done: Instant, later: Instant): boolean {
    return this.history.faults.some(({ loss }) => loss !== undefined && done <= loss.until && later >= loss.from);
  }

  /** The end of the time in which calls may fail because of a fault. */
  troubleUntil(fault: FaultEvent): Instant {
    const bound = recoveryEnd(fault, this.history.setup.slack.recoveryMs);
    return Math.max(bound, fault.healed) + this.stalledMs(fault.injected, bound);
  }
}

function recoveryEnd({ possible }: FaultEvent, slackMs: number): Instant {
  return possible + recoveryBoundMs + slackMs;
}

/** All operations on one session, in the order in which they were invoked. */
export class SessionView {
  readonly info: SessionInfo;
  readonly operations: readonly Operation[];
  readonly byId: ReadonlyMap<string, Operation>;
  readonly #losses: readonly Loss[];
  readonly #view: HistoryView;

  constructor(view: HistoryView, info: SessionInfo, operations: readonly Operation[]) {
    this.#view = view;
    this.info = info;
    this.operations = operations;
    this.byId = new Map(operations.map((operation) => [operation.id, operation]));
    this.#losses = view.history.faults.flatMap(({ loss, slots }) => {
      const isConcerned = slots?.some(([first, last]) => info.slot >= first && info.slot <= last) ?? true;
      return loss !== undefined && isConcerned ? [loss] : [];
    });
  }

  get history(): HistoryView {
    return this.#view;
  }

  /** Successful operations of these kinds. */
  done(...kinds: readonly Operation['call']['kind'][]): Done[] {
    return this.operations.filter(
      (operation): operation is Done => isDone(operation) && kinds.includes(operation.call.kind),
    );
  }

  /**
   * Whether a fault may have lost, by `later`, what `earlier` did or showed.
   *
   * @param earlier `undefined` for what happened before the history
   */
  isLost(earlier: Operation | undefined, later: Instant, kinds: readonly Loss['what'][] = ['recent']): boolean {
    return this.#losses.some(({ what, from, until, readUntil = until }) => {
      const end = earlier !== undefined && isRead(earlier) ? readUntil : until;
      return kinds.includes(what) && (earlier?.invoked ?? 0) <= end && later >= from;
    });
  }

  /**
   * Whether a conditional change may have been applied to other content of the same version number. A failover that loses changes
   * reuses their numbers, so a version that was read from the old master may match a different one on the new master.
   */
  mayHaveMismatched(operation: Operation): boolean {
    const { call, invoked } = operation;
    if (call.kind !== 'update' || !mayHaveHappened(operation)) return false;
    if (call.through !== 'session' && call.ifVersion === undefined) return false;
    return this.#losses.some(
      ({ what, from, until, readUntil = until }) =>
        what === 'recent' && invoked <= readUntil && this.effectUntil(operation) >= from,
    );
  }

  /**
   * A read must show everything that was acknowledged before this moment: the start of the read, or a second earlier if a near cache or
   * a client cache may answer it and another sidecar or another client made the change.
   */
  visibleSince(read: Operation, writer: Operation): Instant {
    const { nearCache, clientCache, slack } = this.#view.history.setup;
    const isStaleInSidecar = nearCache && read.sidecar !== writer.sidecar && isRead(read);
    const isStaleInClient = clientCache && isRead(read) && isBySession(read) && !isBySameClient(read, writer);
    return isStaleInSidecar || isStaleInClient ? read.invoked - stalenessBoundMs - slack.stalenessMs : read.invoked;
  }

  effectUntil(operation: Operation): Instant {
    return this.#view.effectUntil(operation);
  }
}

/** Makes a function of a view remember its results, for checks that ask the same about many operations. */
export function once<View extends object, Result>(compute: (view: View) => Result): (view: View) => Result {
  const known = new WeakMap<View, { readonly result: Result }>();
  return (view) => {
    const found = known.get(view) ?? { result: compute(view) };
    known.set(view, found);
    return found.result;
  };
}

export function isDone(operation: Operation): operation is Done {
  return operation.outcome.status === 'ok';
}

/** Whether it may have been applied. */
export function mayHaveHappened({ outcome }: Operation): boolean {
  return outcome.status !== 'failed' || outcome.maybeApplied;
}

export function isRead({ call }: Operation): boolean {
  return call.kind === 'read' || call.kind === 'peekFlash' || call.kind === 'getCsrf';
}

/** Whether it used a typed session of a client, which may have a cache. */
export function isBySession({ call }: Operation): boolean {
  return 'through' in call && call.through === 'session';
}

function isBySameClient(one: Operation, other: Operation): boolean {
  return one.process === other.process && one.sidecar === other.sidecar && isBySession(one) && isBySession(other);
}

/** Whether it is more than one call: its deadline is that of all of them. */
export function isLocking({ call }: Operation): boolean {
  return call.kind === 'update' && call.through === 'lock';
}

/** Whether the operation leaves its id in the session's log. */
export function isLogged({ call }: Operation): boolean {
  return call.kind === 'create' || call.kind === 'update' || call.kind === 'regenerate';
}

/** Whether an operator made it, by way of the service for administration. */
export function isByOperator({ call }: Operation): boolean {
  return call.kind === 'revokeOlder' || (call.kind === 'revoke' && call.by === 'operator');
}

/** Whether it gives the session a new version if it takes effect. */
export function isChange(operation: Operation): boolean {
  const { kind } = operation.call;
  if (kind === 'popFlash') return !isDone(operation) || (operation.outcome.messages?.length ?? 0) > 0;
  return isLogged(operation) || kind === 'merge' || kind === 'pushFlash' || kind === 'newCsrf';
}

/** Whether the store answered, even with a rejection. */
export function isAnswered(operation: Operation): boolean {
  const { outcome } = operation;
  const answers = [
    ...['SESSION_NOT_FOUND', 'VERSION_MISMATCH', 'STORE_FULL', 'FLASH_QUEUE_FULL', 'INVALID_ARGUMENT'],
    ...['LEASE_HELD', 'LEASE_LOST', 'TOO_MANY_SESSIONS'],
  ];
  return isDone(operation) || (outcome.status === 'failed' && answers.includes(outcome.code));
}

/** Whether it failed because of the sidecar or its store. An operator may have to repeat a call for other reasons. */
export function isTrouble(operation: Operation): boolean {
  const { outcome } = operation;
  const codes = ['STORE_UNAVAILABLE', 'UNAVAILABLE', 'DEADLINE_EXCEEDED', 'DRAINING', 'OVERLOADED'];
  return outcome.status === 'failed' && codes.includes(outcome.code) && !isByOperator(operation);
}

/** Describes an operation for messages. */
export function describe({ id, process, sidecar, call, invoked, completed, outcome, token }: Operation): string {
  const how =
    outcome.status === 'failed' ? outcome.code + (outcome.maybeApplied ? ' (maybe applied)' : '') : outcome.status;
  const version = outcome.status === 'ok' && outcome.version !== undefined ? ` v${outcome.version}` : '';
  return `${call.kind} ${id} (token ${token}, ${process} at ${sidecar}, ${invoked.toFixed(0)}-${completed.toFixed(0)}): ${how}${version}`;
}
