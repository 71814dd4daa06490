import type { Operation, Violation } from '../history';
import { isAssignment } from './membership';
import { describe, isLocking } from './view';
import type { HistoryView } from './view';

/** Every call ends by its deadline. */
export function deadlines(view: HistoryView): Violation[] {
  const { operations, setup } = view.history;
  return operations.flatMap((operation) => {
    const { completed, deadline, invoked } = operation;
    const end = deadline + setup.slack.deadlineMs;
    if (completed <= end + view.stalledMs(invoked, end)) return [];
    return [violation('every call ends by its deadline', operation, `${(completed - deadline).toFixed(0)} ms late`)];
  });
}

/** How much earlier than the caller's clock the sidecar's may reach the deadline, in ms. */
const earlyMs = 50;

/** No call fails with DEADLINE_EXCEEDED before its deadline. */
export function notEarly({ history }: HistoryView): Violation[] {
  return history.operations.flatMap((operation) => {
    const { outcome, completed, deadline } = operation;
    const isGivenUp = outcome.status === 'failed' && outcome.code === 'DEADLINE_EXCEEDED';
    if (!isGivenUp || completed >= deadline - earlyMs || isLocking(operation)) return [];
    return [
      violation('no call is given up before its deadline', operation, `${(deadline - completed).toFixed(0)} ms early`),
    ];
  });
}

/** Every failed call has a code of docs/reference/errors.md that its method can return. */
export function statuses({ history }: HistoryView): Violation[] {
  const isLimited = (operation: Operation): boolean =>
    history.setup.subjectLimit?.action === 'refuse' && isAssignment(operation) && operation.call.subject !== '';
  const storeIsFull = history.faults.filter(({ kind }) => kind.startsWith('store-full'));
  return history.operations.flatMap((operation) => {
    const { outcome, completed, invoked } = operation;
    if (outcome.status !== 'failed') return [];
    const isFull = storeIsFull.some(({ injected, healed }) => invoked <= healed && completed >= injected);
    return fits(operation, outcome.code, isFull) || (outcome.code === 'TOO_MANY_SESSIONS' && isLimited(operation))
      ? []
      : [violation('every failure is documented', operation, 'has a code that its method does not document')];
  });
}

function fits(operation: Operation, code: string, storeIsFull: boolean): boolean {
  const { call, cancelled } = operation;
  switch (code) {
    case 'STORE_UNAVAILABLE':
    case 'DRAINING':
    case 'OVERLOADED':
    case 'DEADLINE_EXCEEDED':
    case 'UNAVAILABLE':
      return true;
    case 'CANCELLED':
      return cancelled === true;
    case 'SESSION_NOT_FOUND':
      return !['create', 'invalidate', 'list', 'revoke', 'revokeOlder'].includes(call.kind);
    case 'VERSION_MISMATCH':
      return call.kind === 'update' && (call.ifVersion !== undefined || call.through === 'session');
    case 'FLASH_QUEUE_FULL':
      return call.kind === 'pushFlash' || call.kind === 'update';
    case 'LEASE_HELD':
      return call.kind === 'acquire' || isLocking(operation);
    case 'LEASE_LOST':
      return call.kind === 'update' && (call.lease !== undefined || call.through === 'lock');
    case 'INVALID_ARGUMENT':
      return call.kind === 'regenerate' && call.graceMs !== undefined && call.subject !== undefined;
    case 'STORE_FULL':
      return storeIsFull;
    default:
      return false;
  }
}

function violation(promise: string, operation: Operation, text: string): Violation {
  return { promise, message: `${describe(operation)} ${text}`, at: operation.completed, operations: [operation] };
}
