import type { Instant } from '../clock';
import type { Operation, Violation } from '../history';
import { assignmentsIn } from './membership';
import { clockSlackMs, hasGrace, isReplacement } from './tokens';
import { describe, isDone, isRead, once } from './view';
import type { SessionView } from './view';

/** From when on a token is dead, and why. */
interface Death {
  readonly token: string;
  readonly by: Operation;
  readonly at: Instant;
  readonly promise: string;
}

/**
 * A token that was invalidated or replaced is dead, after its grace if it has one, and stays dead: once a call with a token has failed
 * with SESSION_NOT_FOUND, no later call with it finds the session.
 */
export function deadTokens(session: SessionView): Violation[] {
  const violations = new Map<string, Violation>();
  const deaths = deathsIn(session);
  for (const operation of session.operations) {
    if (!hasFound(operation) || violations.has(operation.token)) continue;
    const death = deaths.find(
      ({ token, by, at }) =>
        token === operation.token &&
        by !== operation &&
        at < session.visibleSince(operation, by) &&
        !session.isLost(by, operation.completed),
    );
    if (death === undefined) continue;
    violations.set(operation.token, {
      promise: death.promise,
      message: `${session.info.name}: ${describe(operation)} found the session after ${describe(death.by)}`,
      at: operation.completed,
      operations: [death.by, operation],
    });
  }
  return [...violations.values()];
}

function deathsIn(session: SessionView): Death[] {
  const parents = new Map(session.operations.filter(isReplacement).map(({ id, token }) => [id, token]));
  const usesGrace = hasGrace(session);
  return session.operations.flatMap((by): Death[] => {
    const { token, completed: at } = by;
    if (isNotFound(by)) {
      // In its grace, a token is alive, but cannot be replaced.
      return usesGrace && isReplacement(by) ? [] : [{ token, by, at, promise: 'no session comes back' }];
    }
    const promise = 'old tokens are dead';
    if (!isDone(by)) return [];
    if (by.call.kind === 'invalidate') return [{ token, by, at, promise }];
    if (endsGraces(session, by)) {
      const before = session.operations.filter(isReplacement).filter((other) => other.completed <= by.invoked);
      return before.filter(isDone).map((other) => ({ token: other.token, by, at, promise }));
    }
    if (!isReplacement(by)) return [];
    const { graceMs } = by.call;
    const end = graceMs === undefined ? at : at + graceMs + clockSlackMs;
    const earlier = parents.get(token);
    // Only the token that was replaced last has a grace.
    return [{ token, by, at: end, promise }, ...(earlier === undefined ? [] : [{ token: earlier, by, at, promise }])];
  });
}

/** Whether it has certainly changed the subject without replacing the token. */
function endsGraces(session: SessionView, operation: Operation): boolean {
  const { call, completed } = operation;
  if (call.kind !== 'update' || call.subject === undefined || call.subject === '') return false;
  const others = assignmentsIn(session).filter((other) => other !== operation && other.invoked <= completed);
  return others.every((other) => other.call.subject !== call.subject);
}

export function isNotFound({ outcome }: Operation): boolean {
  return outcome.status === 'failed' && outcome.code === 'SESSION_NOT_FOUND';
}

const found = ['VERSION_MISMATCH', 'LEASE_HELD', 'LEASE_LOST'];

/** Whether it proves that its token opened a session. InvalidateSession succeeds even without one. */
export function hasFound(operation: Operation): boolean {
  const { outcome, call } = operation;
  return isDone(operation) ? call.kind !== 'invalidate' : outcome.status === 'failed' && found.includes(outcome.code);
}

/** The calls that prove that the session existed while they ran: no copy can have answered them. In the order of their invocation. */
export const proofsOfLife = once((session: SessionView): readonly Operation[] => {
  const { nearCache, clientCache } = session.history.history.setup;
  const hasCopies = nearCache || clientCache;
  return session.operations.filter((operation) => hasFound(operation) && !(hasCopies && isRead(operation)));
});
