import type { Operation, Violation } from '../history';
import { describe, isDone } from './view';
import type { SessionView } from './view';

/**
 * A token that was invalidated or replaced is dead, and stays dead: once a call with a token has failed with SESSION_NOT_FOUND, no
 * later call with it finds the session.
 */
export function deadTokens(session: SessionView): Violation[] {
  const violations = new Map<string, Violation>();
  const deaths = session.operations.filter((operation) => isEnd(operation) || isNotFound(operation));
  for (const operation of session.operations) {
    if (!hasFound(operation) || violations.has(operation.token)) continue;
    const death = deaths.find(
      (other) =>
        other.token === operation.token &&
        other !== operation &&
        other.completed < session.visibleSince(operation, other) &&
        !session.isLost(other, operation.completed),
    );
    if (death === undefined) continue;
    violations.set(operation.token, {
      promise: isEnd(death) ? 'old tokens are dead' : 'no session comes back',
      message: `${session.info.name}: ${describe(operation)} found the session after ${describe(death)}`,
      at: operation.completed,
      operations: [death, operation],
    });
  }
  return [...violations.values()];
}

/** Whether its token is dead after it. */
export function isEnd(operation: Operation): boolean {
  const { kind } = operation.call;
  return isDone(operation) && (kind === 'invalidate' || kind === 'regenerate');
}

export function isNotFound({ outcome }: Operation): boolean {
  return outcome.status === 'failed' && outcome.code === 'SESSION_NOT_FOUND';
}

/** Whether it proves that its token opened a session. InvalidateSession succeeds even without one. */
export function hasFound(operation: Operation): boolean {
  const { outcome, call } = operation;
  return isDone(operation)
    ? call.kind !== 'invalidate'
    : outcome.status === 'failed' && outcome.code === 'VERSION_MISMATCH';
}
