import type { Call, Operation } from '../history';
import { certainlyHad } from './membership';
import { clockSlackMs, isPresent, isReplacement } from './tokens';
import { isDone, mayHaveHappened, once } from './view';
import type { HistoryView, SessionView } from './view';

type Revoke = Extract<Call, { kind: 'revoke' }>;
export type Revocation = Operation & { readonly call: Revoke };
type RevokeOlder = Extract<Call, { kind: 'revokeOlder' }>;
export type RevocationByAge = Operation & { readonly call: RevokeOlder };

/** The calls that may have ended all sessions of a subject. */
export const revocationsIn = once(({ history }: HistoryView): readonly Revocation[] =>
  history.operations.filter(
    (operation): operation is Revocation => operation.call.kind === 'revoke' && mayHaveHappened(operation),
  ),
);

/** The calls that may have ended all sessions of an age. */
export const revocationsByAgeIn = once(({ history }: HistoryView): readonly RevocationByAge[] =>
  history.operations.filter(
    (operation): operation is RevocationByAge => operation.call.kind === 'revokeOlder' && mayHaveHappened(operation),
  ),
);

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

/** Whether the session certainly had the subject of a revocation all the time while that was in flight. */
export function wasMember(session: SessionView, { call, invoked, completed }: Revocation): boolean {
  return certainlyHad(session, call.subject, invoked, completed);
}

/** Whether a session was certainly old enough for a revocation by age. */
export function wasOlder(session: SessionView, { call, invoked }: RevocationByAge): boolean {
  const [create] = session.done('create');
  return create !== undefined && create.completed + clockSlackMs < invoked - call.olderThanMs;
}

/** Whether a session may have been old enough for a revocation by age. */
export function mayBeOlder(session: SessionView, revocation: RevocationByAge): boolean {
  const create = session.operations.find(({ call }) => call.kind === 'create');
  const until = session.effectUntil(revocation) - revocation.call.olderThanMs;
  return (create?.invoked ?? -Infinity) - clockSlackMs <= until;
}

/** The first call after which a session has certainly ended; `undefined`: none. */
export const certainEnd = once((session: SessionView): Operation | undefined => {
  const ends = [
    ...session.operations.filter(
      (operation) =>
        (operation.call.kind === 'invalidate' ? isDone(operation) : isMissing(operation)) &&
        isPresent(session, operation.token, operation.completed),
    ),
    ...revocationsIn(session.history).filter(
      (revocation) => isDone(revocation) && wasMember(session, revocation) && !maySpare(revocation, session),
    ),
    ...revocationsByAgeIn(session.history).filter((revocation) => isDone(revocation) && wasOlder(session, revocation)),
  ];
  return ends.reduce<Operation | undefined>(
    (first, end) => (first === undefined || end.completed < first.completed ? end : first),
    undefined,
  );
});

function isMissing({ outcome }: Operation): boolean {
  return outcome.status === 'failed' && outcome.code === 'SESSION_NOT_FOUND';
}
