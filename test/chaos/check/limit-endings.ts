import type { Operation } from '../history';
import { isAssignment, mayHaveHad } from './membership';
import type { Assignment } from './membership';
import { certainEnd } from './revocations';
import { isDone, mayHaveHappened, once } from './view';
import type { HistoryView, SessionView } from './view';

/** The calls, successful or not, that wanted to give a session a subject. */
export const loginsIn = once((view: HistoryView): readonly Assignment[] =>
  view.history.operations.filter(isAssignment).filter(({ call }) => call.subject !== ''),
);

/**
 * The logins of other sessions that may have ended this one, because its subject had as many sessions as it may have. Another session
 * ends before a login takes effect, so the login may have failed.
 */
export function mayHaveEndedForLogin(session: SessionView): readonly Operation[] {
  const view = session.history;
  if (view.history.setup.subjectLimit?.action !== 'end-oldest') return [];
  return loginsIn(view).filter(
    (login) =>
      login.session !== session.info.name &&
      mayHaveHad(session, login.call.subject, login.invoked, session.effectUntil(login)) &&
      mayFindLimit(view, login),
  );
}

/** Whether a login may have found that its subject has as many other sessions as it may have. */
export function mayFindLimit(view: HistoryView, login: Assignment): boolean {
  return limited(view).has(login);
}

const limited = once((view: HistoryView): ReadonlySet<Assignment> => {
  const { max = Infinity } = view.history.setup.subjectLimit ?? {};
  return new Set(loginsIn(view).filter((login) => mostOthers(view, login) >= max));
});

/** How many other sessions at most have the subject of a login at some moment of it. */
function mostOthers(view: HistoryView, login: Assignment): number {
  const until = view.effectUntil(login);
  const { subject } = login.call;
  const others = view.sessions.filter(
    (session) =>
      session.info.name !== login.session &&
      mayHaveHad(session, subject, login.invoked, until) &&
      (certainEnd(session)?.completed ?? Infinity) >= login.invoked,
  );
  // A creation without an answer may have made a session that callers do not know.
  const unknown = loginsIn(view).filter(
    (other) =>
      other !== login &&
      other.call.kind === 'create' &&
      other.call.subject === subject &&
      !isDone(other) &&
      mayHaveHappened(other) &&
      other.invoked <= until,
  );
  return others.length + unknown.length;
}
