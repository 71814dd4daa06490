import type { Operation } from '../history';
import { proofsOfLife } from './dead-tokens';
import { mayHaveEndedForLogin } from './limit-endings';
import { assignmentsIn, mayHaveHad } from './membership';
import { mayBeOlder, revocationsByAgeIn, revocationsIn, spares } from './revocations';
import { clockSlackMs, hasGrace, isReplacement, replacementsOf } from './tokens';
import { mayHaveHappened, once } from './view';
import type { SessionView } from './view';

/** The calls that may have ended a session. */
export const endingsOf = once((session: SessionView): readonly Operation[] => {
  const invalidations = session.operations.filter(
    (operation) => operation.call.kind === 'invalidate' && mayHaveHappened(operation),
  );
  const revocations = revocationsIn(session.history).filter(
    (revocation) =>
      mayHaveHad(session, revocation.call.subject, revocation.invoked, session.effectUntil(revocation)) &&
      !spares(revocation, session),
  );
  const byAge = revocationsByAgeIn(session.history).filter((revocation) => mayBeOlder(session, revocation));
  return [...invalidations, ...revocations, ...byAge, ...mayHaveEndedForLogin(session)];
});

/** Whether a call that may have ended a session did so by way of others, whatever its own token. */
export function isFromElsewhere(ending: Operation, { info }: SessionView): boolean {
  return ending.session !== info.name;
}

/** Whether a later call has certainly found the session. After a loss, it may have come back. */
function hasSurvived(session: SessionView, end: Operation): boolean {
  const proof = proofsOfLife(session).at(-1);
  return (
    proof !== undefined && session.effectUntil(end) < proof.invoked && !session.history.isLostAnywhere(0, Infinity)
  );
}

/** Whether a call explains that another one found no session. */
export function explainsMissing(session: SessionView, missing: Operation): boolean {
  return (
    endingsOf(session).some(
      (end) =>
        end !== missing &&
        end.invoked < missing.completed &&
        !hasSurvived(session, end) &&
        (isFromElsewhere(end, session) || end.token === missing.token || hasGrace(session)),
    ) ||
    session.operations.some((other) => other !== missing && mayHaveKilled(other, missing)) ||
    mayHaveLostItsGrace(session, missing)
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

/** A change of the subject ends the grace of the token that was replaced before. */
function mayHaveLostItsGrace(session: SessionView, { token, completed }: Operation): boolean {
  return (
    replacementsOf(session, token).length > 0 &&
    assignmentsIn(session).some(({ call, invoked }) => call.kind === 'update' && invoked < completed)
  );
}
