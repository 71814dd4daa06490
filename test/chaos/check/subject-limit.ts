import type { Instant } from '../clock';
import type { Operation, Violation } from '../history';
import { proofsOfLife } from './dead-tokens';
import { loginsIn, mayFindLimit } from './limit-endings';
import type { Assignment } from './membership';
import { certainlyHad, firstLogin } from './membership';
import { describe, isDone } from './view';
import type { HistoryView, SessionView } from './view';

/** A subject never has more sessions than it may have, and a login is refused only if it has as many. */
export function subjectLimit(view: HistoryView): Violation[] {
  if (view.history.setup.subjectLimit === undefined) return [];
  return loginsIn(view).flatMap((login) => [...surplus(view, login), ...refusedEarly(view, login)]);
}

/** Counted when a login is acknowledged. */
function surplus(view: HistoryView, login: Assignment): Violation[] {
  const { max = Infinity } = view.history.setup.subjectLimit ?? {};
  const { completed: at, call } = login;
  if (!isDone(login)) return [];
  const live = view.sessions.filter(
    (session) => certainlyHad(session, call.subject, at, at) && certainlyLived(session, at),
  );
  if (live.length <= max) return [];
  const text = `${live.length} sessions have the subject of ${describe(login)}, of ${max} possible`;
  return [violation('no subject has more sessions than it may have', text, login)];
}

/** Whether a session certainly existed at a moment: a later call has found it. What Redis may have lost since proves nothing. */
function certainlyLived(session: SessionView, at: Instant): boolean {
  const proof = proofsOfLife(session).find(({ invoked }) => invoked >= at);
  return proof !== undefined && !session.history.isLostAnywhere(firstLogin(session), proof.completed);
}

function refusedEarly(view: HistoryView, login: Assignment): Violation[] {
  const { outcome } = login;
  const isRefused = outcome.status === 'failed' && outcome.code === 'TOO_MANY_SESSIONS';
  if (!isRefused || mayFindLimit(view, login)) return [];
  return [violation('a login is refused only at the limit', `${describe(login)}, with fewer sessions`, login)];
}

function violation(promise: string, message: string, operation: Operation): Violation {
  return { promise, message, at: operation.completed, operations: [operation] };
}
