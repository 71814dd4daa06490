import type { Operation, Violation } from '../history';
import { hasFound, isNotFound } from './dead-tokens';
import { explainsMissing } from './endings';
import { clockSlackMs } from './tokens';
import { describe, isDone } from './view';
import type { SessionView } from './view';

/**
 * A session exists until a call, its idle timeout or a fault ends it. After its last access, it lives at least for its idle timeout, and
 * at most for one touch interval longer.
 */
export function expiry(session: SessionView): Violation[] {
  return [...endedEarly(session), ...outlived(session)];
}

function endedEarly(session: SessionView): Violation[] {
  const violations: Violation[] = [];
  const { idleTimeoutMs = Infinity, name } = session.info;
  const created = session.operations.find(({ call }) => call.kind === 'create');
  for (const missing of session.operations.filter(isNotFound)) {
    if (explainsMissing(session, missing) || session.isLost(created, missing.completed, ['recent', 'sessions']))
      continue;
    const access = lastAccess(session, missing);
    if (access !== undefined && missing.completed >= access.invoked + idleTimeoutMs - clockSlackMs) continue;
    const isIdle = idleTimeoutMs !== Infinity;
    violations.push({
      promise: isIdle ? 'no session expires early' : 'no session is lost',
      message: `${name}: ${describe(missing)}, last accessed by ${access === undefined ? 'nothing' : describe(access)}`,
      at: missing.completed,
      operations: access === undefined ? [missing] : [access, missing],
    });
  }
  return violations;
}

/** Of the accesses that ended before `operation` began, the one that was invoked last. */
function lastAccess(session: SessionView, operation: Operation): Operation | undefined {
  let last: Operation | undefined;
  for (const other of session.operations) {
    if (!isDone(other) || !hasFound(other) || other.completed > operation.invoked) continue;
    if (last === undefined || other.invoked > last.invoked) last = other;
  }
  return last;
}

function outlived(session: SessionView): Violation[] {
  const { idleTimeoutMs, name } = session.info;
  if (idleTimeoutMs === undefined) return [];
  const { touchIntervalMs, slack } = session.history.history.setup;
  const violations: Violation[] = [];
  for (const operation of session.operations) {
    if (!hasFound(operation) || operation.call.kind === 'create') continue;
    const before = session.operations.filter((other) => other !== operation && other.invoked <= operation.invoked);
    const last = before.filter(isDone).reduce((most, { completed }) => Math.max(most, completed), -Infinity);
    const end = Math.min(last, operation.invoked) + idleTimeoutMs + touchIntervalMs + slack.lateMs;
    // A call without an answer may have been an access at any later time.
    const isUncertain = before.some((other) => !isDone(other) && !isNotFound(other) && other.completed >= last);
    if (operation.invoked <= end || isUncertain) continue;
    violations.push({
      promise: 'sessions expire',
      message: `${name}: ${describe(operation)} found it ${(operation.invoked - end).toFixed(0)} ms after its end`,
      at: operation.completed,
      operations: [operation],
    });
  }
  return violations;
}
