import type { Operation, Violation } from '../history';
import { hasFound } from './dead-tokens';
import { certainEnd, loginsOf, maySpare, revocationsIn, subjectOf, wasMember } from './endings';
import type { Revocation } from './endings';
import { describe, isDone, isRead, mayHaveHappened } from './view';
import type { Done, HistoryView, SessionView } from './view';

/** No session of a subject that existed when all of them were ended is found after that, nor listed. */
export function revoked(session: SessionView): Violation[] {
  const view = session.history;
  const promise = 'no session survives the end of its subject';
  for (const revocation of revocationsIn(view, subjectOf(session)).filter(isDone)) {
    if (maySpare(revocation, session)) continue;
    const isLost = (later: Operation): boolean => {
      const [first] = loginsOf(session);
      return view.isLostAnywhere(first!.invoked, later.completed);
    };
    const survivor = session.operations.find(
      (operation) =>
        hasFound(operation) && revocation.completed < session.visibleSince(operation, revocation) && !isLost(operation),
    );
    if (survivor !== undefined && wasMember(session, revocation)) {
      return [violation(promise, session, `${describe(survivor)} found it after ${describe(revocation)}`, survivor)];
    }
    const list = listsAfter(view, revocation).find(
      (each) => each.outcome.listed?.includes(session.info.handle) && !isLost(each),
    );
    // Whichever of the logins has taken effect, it did so before.
    const wasBefore = loginsOf(session).every((login) => session.effectUntil(login) <= revocation.invoked);
    if (list !== undefined && (wasBefore || wasMember(session, revocation))) {
      return [violation(promise, session, `${describe(list)} shows it after ${describe(revocation)}`, list)];
    }
  }
  return [];
}

/** A list shows no session that has ended, none of others, and each that lives all the time while it is made. */
export function listed(session: SessionView): Violation[] {
  const view = session.history;
  const { handle } = session.info;
  const [subject, end, logins] = [subjectOf(session), certainEnd(session), loginsOf(session)];
  const joined = logins.filter(isDone).reduce((least, { completed }) => Math.min(least, completed), Infinity);
  const cached = view.history.setup.nearCache || view.history.setup.clientCache;
  const proofs = session.operations.filter((operation) => hasFound(operation) && !(cached && isRead(operation)));
  return listsIn(view).flatMap((list) => {
    const isShown = list.outcome.listed?.includes(handle) === true;
    const isOwn = list.call.subject === subject && logins.some(({ invoked }) => invoked <= list.completed);
    if (isShown && !isOwn) {
      return [violation('a list shows only sessions of its subject', session, `${describe(list)} shows it`, list)];
    }
    if (isShown && end !== undefined && end.completed < list.invoked) {
      if (view.isLostAnywhere(end.invoked, list.completed)) return [];
      const text = `${describe(list)} shows it after ${describe(end)}`;
      return [violation('a list shows no session that has ended', session, text, list)];
    }
    if (isShown || list.call.subject !== subject || joined >= list.invoked) return [];
    const proof = proofs.find(({ invoked }) => invoked >= list.completed);
    if (proof === undefined || view.isLostAnywhere(logins[0]!.invoked, proof.completed)) return [];
    const text = `${describe(list)} does not show it, ${describe(proof)} found it`;
    return [violation('a list misses no session', session, text, list)];
  });
}

/** Sessions whose creation was given up before all sessions of their subject were ended do not appear later. */
export function unknownSurvivors(view: HistoryView): Violation[] {
  const known = new Set(view.sessions.map(({ info }) => info.handle));
  return listsIn(view).flatMap((list) => {
    const unknown = (list.outcome.listed ?? []).filter((handle) => !known.has(handle));
    if (unknown.length === 0 || view.history.faults.some(({ loss }) => loss !== undefined)) return [];
    const revocation = revocationsIn(view, list.call.subject).findLast(
      (each) => isDone(each) && each.completed < list.invoked,
    );
    const creations = view.history.operations.filter(
      (operation) =>
        operation.call.kind === 'create' &&
        operation.call.subject === list.call.subject &&
        !isDone(operation) &&
        mayHaveHappened(operation) &&
        operation.invoked <= list.completed &&
        view.effectUntil(operation) >= (revocation?.invoked ?? -Infinity),
    );
    if (unknown.length <= creations.length) return [];
    const text = `${describe(list)} shows ${unknown.length} sessions that were given up, of ${creations.length} possible`;
    const promise = 'no session survives the end of its subject';
    return [{ promise, message: text, at: list.completed, operations: [list] }];
  });
}

type List = Done & { readonly call: { readonly kind: 'list'; readonly subject: string } };

function listsIn({ history }: HistoryView): List[] {
  return history.operations.filter(
    (operation): operation is List => isDone(operation) && operation.call.kind === 'list',
  );
}

function listsAfter(view: HistoryView, { call, completed }: Revocation): List[] {
  return listsIn(view).filter((list) => list.call.subject === call.subject && list.invoked > completed);
}

function violation(promise: string, session: SessionView, text: string, operation: Operation): Violation {
  return { promise, message: `${session.info.name}: ${text}`, at: operation.completed, operations: [operation] };
}
