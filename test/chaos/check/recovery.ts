import type { Instant } from '../clock';
import { recoveryBoundMs } from '../history';
import type { FaultEvent, Operation, Violation } from '../history';
import { silences } from './silences';
import { describe, isAnswered, isRead, isTrouble } from './view';
import type { HistoryView } from './view';

/** How long it took one sidecar to get over one fault. */
export interface Recovery {
  readonly fault: FaultEvent;
  readonly sidecar: string;
  /** From the moment at which calls could succeed again to the first that did. `undefined`: none did. */
  readonly milliseconds: number | undefined;
  /** Whether enough calls were made, and nothing else was wrong, so that the promise can be held to it. */
  readonly counts: boolean;
}

/** Only what may change something proves that the store can be used: a read may be answered from memory, or by a replica. */
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
        return operation.sidecar === sidecar && inSlots && !isRead(operation) && operation.completed >= fault.possible;
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
      const isWatched = first !== Infinity || concerned.some(({ completed }) => completed >= limit);
      return {
        fault,
        sidecar,
        milliseconds: first === Infinity ? undefined : first - fault.possible,
        counts: !isDisturbed && isTried && isWatched,
      };
    }),
  );
}

/** Calls succeed within a second of it being possible. */
export function recovered(view: HistoryView): Violation[] {
  const { slack } = view.history.setup;
  return recoveries(view).flatMap(({ fault, sidecar, milliseconds = Infinity, counts }) => {
    const end = fault.possible + recoveryBoundMs + slack.recoveryMs;
    const limit = recoveryBoundMs + slack.recoveryMs + view.stalledMs(fault.possible, end);
    if (!counts || milliseconds <= limit) return [];
    const how = milliseconds === Infinity ? 'not at all' : `after ${milliseconds.toFixed(0)} ms`;
    return [
      {
        promise: 'calls succeed within a second of it being possible',
        message: `${sidecar} recovered from ${fault.kind} (${fault.detail}) ${how}`,
        at: fault.possible,
        operations: [],
      },
    ];
  });
}

/** A planned restart is not noticed, unless the new process took longer to serve than callers can wait. */
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
          !isContended(operation, operations) &&
          !isDisturbed(operation.invoked, operation.completed),
      )
      .map((operation) => ({
        promise: 'no call fails in a planned restart',
        message: `${describe(operation)} failed; the sidecar was away for ${restart.downMs.toFixed(0)} ms`,
        at: operation.completed,
        operations: [operation],
      }));
  });
}

/** What a caller needs after the sidecar serves again, in ms: to connect, and to be answered. */
const restartSlackMs = 400;

/** Changes by others, during a transform, of a session that others change all the time. */
const contendedChanges = 30;

/** A transform tries again when others have changed the session meanwhile: it can miss any deadline without a restart. */
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

/** Failures that no fault explains: calls through a sidecar with which nothing was wrong. */
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

/** The fewest failures in a row, and the shortest time, that are an outage and not a machine that was busy for a moment. */
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
