import type { Instant } from '../clock';
import { recoveryBoundMs } from '../slack';
import type { FaultEvent, Operation, Violation } from '../history';
import { silences } from './silences';
import { describe, isAnswered, isByOperator, isLocking, isRead, isTrouble } from './view';
import type { HistoryView } from './view';

/** How long one sidecar took to recover from one fault. */
export interface Recovery {
  readonly fault: FaultEvent;
  readonly sidecar: string;
  /** The time from when calls could succeed again to the first one that did; `undefined` if none did. */
  readonly milliseconds: number | undefined;
  /** Whether the promise applies: enough calls were made, and no other fault was active. */
  readonly counts: boolean;
}

/** Whether it proves that the store works. A read does not, because it can come from memory or from a replica. */
function proves(operation: Operation): boolean {
  return isAnswered(operation) && !isRead(operation);
}

export function recoveries(view: HistoryView): Recovery[] {
  const { faults, sessions, operations, setup } = view.history;
  const slotOf = new Map(sessions.map(({ name, slot }) => [name, slot]));
  return faults.flatMap((fault) =>
    fault.sidecars.map((sidecar) => {
      const limit = fault.possible + recoveryBoundMs + setup.slack.recoveryMs;
      const concerned = operations.filter((operation) => {
        const slot = slotOf.get(operation.session);
        const inSlots =
          fault.slots?.some(([first, last]) => slot !== undefined && slot >= first && slot <= last) ?? true;
        const isCaller = operation.sidecar === sidecar && !isByOperator(operation);
        return isCaller && inSlots && !isRead(operation) && operation.completed >= fault.possible;
      });
      const first = concerned.filter(proves).reduce((least, { completed }) => Math.min(least, completed), Infinity);
      const isDisturbed = faults.some(
        (other) =>
          other !== fault &&
          other.sidecars.includes(sidecar) &&
          other.injected <= limit &&
          view.troubleUntil(other) >= fault.possible,
      );
      const isTried = concerned.some(
        ({ invoked }) => invoked >= fault.possible && invoked <= limit - recoveryBoundMs / 2,
      );
      // A first success that was asked for later than the limit is only late if others had waited in vain.
      const isWatched =
        first <= limit ||
        concerned.some(
          (operation) =>
            operation.completed >= limit &&
            operation.invoked <= first &&
            (operation.invoked <= limit || !proves(operation)),
        );
      return {
        fault,
        sidecar,
        milliseconds: first === Infinity ? undefined : first - fault.possible,
        counts: !isDisturbed && isTried && isWatched,
      };
    }),
  );
}

/** Calls succeed within a second of becoming possible. */
export function recovered(view: HistoryView): Violation[] {
  const { slack } = view.history.setup;
  return recoveries(view).flatMap(({ fault, sidecar, milliseconds = Infinity, counts }) => {
    const end = fault.possible + recoveryBoundMs + slack.recoveryMs;
    const limit = recoveryBoundMs + slack.recoveryMs + view.stalledMs(fault.possible, end);
    if (!counts || milliseconds <= limit) return [];
    const how = milliseconds === Infinity ? 'not at all' : `after ${milliseconds.toFixed(0)} ms`;
    return [
      {
        promise: 'calls succeed within a second of becoming possible',
        message: `${sidecar} recovered from ${fault.kind} (${fault.detail}) ${how}`,
        at: fault.possible,
        operations: [],
      },
    ];
  });
}

/** No call fails in a planned restart, unless the new process started to serve only after the call's deadline. */
export function restartsUnnoticed(view: HistoryView): Violation[] {
  const { faults, operations } = view.history;
  return faults.flatMap((fault) => {
    const { restart } = fault;
    if (restart === undefined) return [];
    const end = view.troubleUntil(fault);
    const isDisturbed = (from: Instant, to: Instant): boolean =>
      faults.some(
        (other) =>
          other !== fault &&
          other.sidecars.includes(restart.sidecar) &&
          other.injected <= to &&
          view.troubleUntil(other) >= from,
      );
    if (isDisturbed(fault.injected, end) || view.stalledMs(fault.injected, end) > 0) return [];
    return operations
      .filter(
        (operation) =>
          operation.sidecar === restart.sidecar &&
          isTrouble(operation) &&
          operation.completed >= fault.injected &&
          operation.invoked <= end &&
          operation.deadline - operation.invoked >= restart.downMs + restartSlackMs &&
          !isLocking(operation) &&
          !isContended(operation, operations) &&
          !isDisturbed(operation.invoked, operation.completed),
      )
      .map((operation) => ({
        promise: 'no call fails in a planned restart',
        message: `${describe(operation)} failed; the sidecar was down for ${restart.downMs.toFixed(0)} ms`,
        at: operation.completed,
        operations: [operation],
      }));
  });
}

/** How long a caller needs to connect to the new process and to get an answer, in ms. */
const restartSlackMs = 400;

/** From this many changes by others during a transform, the session counts as contended. */
const contendedChanges = 30;

/** Whether others kept changing the session. A transform then starts over again and again, and can miss any deadline. */
function isContended({ id, call, session, invoked, completed }: Operation, operations: readonly Operation[]): boolean {
  if (call.kind !== 'update' || call.through !== 'session') return false;
  const changes = operations.filter(
    (other) =>
      other.id !== id &&
      other.session === session &&
      other.call.kind === 'update' &&
      other.outcome.status === 'ok' &&
      other.completed >= invoked &&
      other.invoked <= completed,
  );
  return changes.length >= contendedChanges;
}

/** The failures that no fault explains. */
export function unexplained(view: HistoryView): Operation[] {
  const { faults, operations } = view.history;
  return operations.filter(
    (operation) =>
      isTrouble(operation) &&
      view.stalledMs(operation.invoked, operation.completed) <= 0 &&
      !faults.some(
        (fault) =>
          fault.sidecars.includes(operation.sidecar) &&
          operation.completed >= fault.injected &&
          operation.invoked <= view.troubleUntil(fault),
      ),
  );
}

/** From this many consecutive failures over this time, it is an outage rather than a busy machine. */
const outage = { failures: 5, milliseconds: 1000 };

/** There is no outage without a fault. */
export function noOutage(view: HistoryView): Violation[] {
  const failures = unexplained(view);
  return [...new Set(failures.map(({ sidecar }) => sidecar))].flatMap((sidecar) => {
    const answered = view.history.operations.filter(
      (operation) => operation.sidecar === sidecar && isAnswered(operation),
    );
    return silences(
      answered,
      failures.filter((operation) => operation.sidecar === sidecar),
    ).flatMap((silence): Violation[] => {
      const first = silence[0]!;
      const last = silence.at(-1)!;
      const isLong = last.completed - first.invoked >= outage.milliseconds;
      if (!isLong || silence.length < outage.failures) return [];
      return [
        {
          promise: 'no outage without a fault',
          message: `${sidecar}: ${silence.length} calls failed and none succeeded, from ${describe(first)} to ${describe(last)}`,
          at: last.completed,
          operations: [first, last],
        },
      ];
    });
  });
}
