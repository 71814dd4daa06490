import type { Instant } from '../clock';
import type { Operation } from '../history';
import { isDone, mayHaveHappened, once } from './view';
import type { Done, HistoryView, SessionView } from './view';

/** A call that gives a session a subject, another one, or none: the empty text. */
export type Assignment = Operation & { readonly call: { readonly subject: string } };

export function isAssignment(operation: Operation): operation is Assignment {
  const { call } = operation;
  const assigns = call.kind === 'create' || call.kind === 'regenerate' || call.kind === 'update';
  return assigns && call.subject !== undefined;
}

/** The calls that may have changed who a session belongs to. */
export const assignmentsIn = once((session: SessionView): readonly Assignment[] =>
  session.operations.filter(isAssignment).filter(mayHaveHappened),
);

/** The calls that may have given a session a subject. */
export function loginsTo(session: SessionView, subject: string): readonly Assignment[] {
  return assignmentsIn(session).filter(({ call }) => call.subject === subject);
}

/** The first moment at which a session may have had any subject. */
export function firstLogin(session: SessionView): Instant {
  return assignmentsIn(session)[0]?.invoked ?? Infinity;
}

/** Whether a session, if it existed, may have had a subject at some moment in [from, to]. */
export function mayHaveHad(session: SessionView, subject: string, from: Instant, to: Instant): boolean {
  return loginsTo(session, subject).some(
    (login) =>
      login.invoked <= to &&
      !assignmentsIn(session).some(
        (other) =>
          isDone(other) &&
          other.call.subject !== subject &&
          other.invoked > session.effectUntil(login) &&
          other.completed < from &&
          !session.isLost(other, to),
      ),
  );
}

/** Whether a session, if it existed, certainly had a subject all the time in [from, to]. */
export function certainlyHad(session: SessionView, subject: string, from: Instant, to: Instant): boolean {
  const others = assignmentsIn(session).filter(({ call }) => call.subject !== subject);
  const isSince = (evidence: Operation): boolean =>
    evidence.completed <= from &&
    others.every((other) => session.effectUntil(other) < evidence.invoked || other.invoked > to);
  return (
    loginsTo(session, subject).some((login) => isDone(login) && isSince(login)) ||
    listsWith(session).some((list) => list.call.subject === subject && isSince(list))
  );
}

const listsWith = once((session: SessionView): readonly List[] =>
  listsIn(session.history).filter(({ outcome }) => outcome.listed?.includes(session.info.handle)),
);

export type List = Done & { readonly call: { readonly kind: 'list'; readonly subject: string } };

export const listsIn = once((view: HistoryView): readonly List[] =>
  view.history.operations.filter((operation): operation is List => isDone(operation) && operation.call.kind === 'list'),
);
