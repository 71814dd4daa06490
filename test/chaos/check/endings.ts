import type { Call, Operation } from '../history';
import { hasGrace, isPresent, isReplacement, clockSlackMs } from './tokens';
import { isDone, mayHaveHappened } from './view';
import type { HistoryView, SessionView } from './view';

type Revoke = Extract<Call, { kind: 'revoke' }>;
export type Revocation = Operation & { readonly call: Revoke };

export function revocationsIn({ history }: HistoryView, subject: string | undefined): Revocation[] {
  return history.operations.filter(
    (operation): operation is Revocation =>
      operation.call.kind === 'revoke' && operation.call.subject === subject && mayHaveHappened(operation),
  );
}

/** The calls that may have given a session its subject. A session has only one. */
export function loginsOf(session: SessionView): Operation[] {
  return session.operations.filter(
    (operation) =>
      (operation.call.kind === 'create' || operation.call.kind === 'regenerate') &&
      operation.call.subject !== undefined &&
      mayHaveHappened(operation),
  );
}

export function subjectOf(session: SessionView): string | undefined {
  const [login] = loginsOf(session);
  return login !== undefined && 'subject' in login.call ? login.call.subject : undefined;
}

/** Whether a revocation spares a session for certain: its present token was named. */
export function spares({ call, ...revocation }: Revocation, session: SessionView): boolean {
  const until = session.history.effectUntil({ call, ...revocation });
  return call.except !== undefined && isTokenOf(session, call.except) && isPresent(session, call.except, until);
}

/** Whether a revocation may spare a session. */
export function maySpare({ call, invoked }: Revocation, session: SessionView): boolean {
  if (call.except === undefined || !isTokenOf(session, call.except)) return false;
  const replaced = session.operations.some(
    (operation) =>
      isReplacement(operation) && isDone(operation) && operation.token === call.except && operation.completed < invoked,
  );
  return !replaced;
}

function isTokenOf(session: SessionView, token: string): boolean {
  return session.byId.has(token);
}

/** Whether the session certainly had its subject when a revocation began. */
export function wasMember(session: SessionView, revocation: Revocation): boolean {
  const { history } = session.history;
  return (
    loginsOf(session).some((login) => isDone(login) && login.completed <= revocation.invoked) ||
    history.operations.some(
      (list) =>
        isDone(list) &&
        list.call.kind === 'list' &&
        list.call.subject === revocation.call.subject &&
        list.completed <= revocation.invoked &&
        list.outcome.listed?.includes(session.info.handle),
    )
  );
}

/** The calls that may have ended a session. */
export function endingsOf(session: SessionView): Operation[] {
  const invalidations = session.operations.filter(
    (operation) => operation.call.kind === 'invalidate' && mayHaveHappened(operation),
  );
  const revocations = revocationsIn(session.history, subjectOf(session)).filter(
    (revocation) =>
      !spares(revocation, session) &&
      loginsOf(session).some(({ invoked }) => invoked <= session.effectUntil(revocation)),
  );
  return [...invalidations, ...revocations];
}

/** The first call after which a session has certainly ended; `undefined`: none. */
export function certainEnd(session: SessionView): Operation | undefined {
  const ends = [
    ...session.operations.filter(
      (operation) =>
        (operation.call.kind === 'invalidate' ? isDone(operation) : isMissing(operation)) &&
        isPresent(session, operation.token, operation.completed),
    ),
    ...revocationsIn(session.history, subjectOf(session)).filter(
      (revocation) => isDone(revocation) && wasMember(session, revocation) && !maySpare(revocation, session),
    ),
  ];
  return ends.reduce<Operation | undefined>(
    (first, end) => (first === undefined || end.completed < first.completed ? end : first),
    undefined,
  );
}

function isMissing({ outcome }: Operation): boolean {
  return outcome.status === 'failed' && outcome.code === 'SESSION_NOT_FOUND';
}

/** Whether a call explains that another one found no session. */
export function explainsMissing(session: SessionView, missing: Operation): boolean {
  return (
    endingsOf(session).some(
      (end) =>
        end !== missing &&
        end.invoked < missing.completed &&
        (end.call.kind === 'revoke' || end.token === missing.token || hasGrace(session)),
    ) || session.operations.some((other) => other !== missing && mayHaveKilled(other, missing))
  );

  function mayHaveKilled(other: Operation, { token, call, completed }: Operation): boolean {
    if (!isReplacement(other) || !mayHaveHappened(other) || other.invoked >= completed) return false;
    // Another replacement forgets the token that was replaced before.
    if (other.token !== token) return session.byId.get(other.token)?.token === token;
    const { graceMs = 0 } = other.call;
    // In its grace, a token cannot be replaced.
    return call.kind === 'regenerate' || completed >= other.invoked + graceMs - clockSlackMs;
  }
}
