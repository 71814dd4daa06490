import type { Operation, Violation } from '../history';
import { hasFound, proofsOfLife } from './dead-tokens';
import { certainlyHad, firstLogin, listsIn, loginsTo, mayHaveHad } from './membership';
import type { List } from './membership';
import { certainEnd, maySpare, revocationsByAgeIn, revocationsIn, wasMember, wasOlder } from './revocations';
import type { Revocation } from './revocations';
import { describe, isDone, mayHaveHappened } from './view';
import type { HistoryView, SessionView } from './view';

/** No session that had a subject when all sessions of that were ended is found after that, nor listed. */
export function revoked(session: SessionView): Violation[] {
  const view = session.history;
  const promise = 'no session survives the end of its subject';
  for (const revocation of revocationsIn(view).filter(isDone)) {
    if (maySpare(revocation, session)) continue;
    const isLost = (later: Operation): boolean => view.isLostAnywhere(firstLogin(session), later.completed);
    const survivor = survivorOf(session, revocation, isLost);
    const isMember = wasMember(session, revocation);
    if (survivor !== undefined && isMember) {
      return [violation(promise, session, `${describe(survivor)} found it after ${describe(revocation)}`, survivor)];
    }
    const list = listsAfter(view, revocation).find(
      (each) => each.outcome.listed?.includes(session.info.handle) && !isLost(each),
    );
    // Whichever of the logins has taken effect, it did so before.
    const logins = loginsTo(session, revocation.call.subject);
    const wasBefore = logins.length > 0 && logins.every((login) => session.effectUntil(login) <= revocation.invoked);
    if (list !== undefined && (wasBefore || isMember)) {
      return [violation(promise, session, `${describe(list)} shows it after ${describe(revocation)}`, list)];
    }
  }
  return [];
}

/** No session that was old enough when an operator ended those of an age is found after that. */
export function revokedByAge(session: SessionView): Violation[] {
  const view = session.history;
  const [create] = session.done('create');
  for (const revocation of revocationsByAgeIn(view).filter(isDone)) {
    if (create === undefined || !wasOlder(session, revocation)) continue;
    const isLost = (later: Operation): boolean => view.isLostAnywhere(create.invoked, later.completed);
    const survivor = survivorOf(session, revocation, isLost);
    if (survivor === undefined) continue;
    const text = `${describe(survivor)} found it after ${describe(revocation)}`;
    return [violation('no session survives an end by age', session, text, survivor)];
  }
  return [];
}

function survivorOf(
  session: SessionView,
  revocation: Operation,
  isLost: (later: Operation) => boolean,
): Operation | undefined {
  return session.operations.find(
    (operation) =>
      hasFound(operation) && revocation.completed < session.visibleSince(operation, revocation) && !isLost(operation),
  );
}

/** A list shows no session that has ended, none of others, and each that has the subject all the time while it is made. */
export function listed(session: SessionView): Violation[] {
  const view = session.history;
  const { handle } = session.info;
  const end = certainEnd(session);
  return listsIn(view).flatMap((list) => {
    const { invoked, completed, call } = list;
    const isShown = list.outcome.listed?.includes(handle) === true;
    if (isShown && !mayHaveHad(session, call.subject, invoked, completed)) {
      return [violation('a list shows only sessions of its subject', session, `${describe(list)} shows it`, list)];
    }
    if (isShown && end !== undefined && end.completed < invoked) {
      if (view.isLostAnywhere(end.invoked, completed)) return [];
      const text = `${describe(list)} shows it after ${describe(end)}`;
      return [violation('a list shows no session that has ended', session, text, list)];
    }
    if (isShown || !certainlyHad(session, call.subject, invoked, completed)) return [];
    const proof = proofsOfLife(session).find((operation) => operation.invoked >= completed);
    if (proof === undefined || view.isLostAnywhere(firstLogin(session), proof.completed)) return [];
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
    const revocation = revocationsIn(view).findLast(
      (each) => each.call.subject === list.call.subject && isDone(each) && each.completed < list.invoked,
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

function listsAfter(view: HistoryView, { call, completed }: Revocation): readonly List[] {
  return listsIn(view).filter((list) => list.call.subject === call.subject && list.invoked > completed);
}

function violation(promise: string, session: SessionView, text: string, operation: Operation): Violation {
  return { promise, message: `${session.info.name}: ${text}`, at: operation.completed, operations: [operation] };
}
