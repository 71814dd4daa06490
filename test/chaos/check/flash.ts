import type { Operation, Violation } from '../history';
import { describe, isDone, mayHaveHappened } from './view';
import type { Done, SessionView } from './view';

/** A flash message is popped exactly once, and not before it was pushed. A pop returns messages in the order of their pushes. */
export function flash(session: SessionView): Violation[] {
  const pushes = session.operations.filter(isPush);
  const pops = session.done('popFlash');
  const peeks = session.done('peekFlash');
  const poppedBy = new Map<string, Done>();
  const violations: Violation[] = [];
  const report = (promise: string, id: string, ...operations: Operation[]): void => {
    const push = session.byId.get(id);
    violations.push({
      promise,
      message: `${session.info.name}: message ${push === undefined ? id : `of ${describe(push)}`}; ${operations.map(describe).join('; ')}`,
      at: operations.at(-1)!.completed,
      operations: push === undefined ? operations : [push, ...operations],
    });
  };

  for (const pop of pops) {
    for (const id of pop.outcome.messages ?? []) {
      const other = poppedBy.get(id);
      if (other !== undefined && !session.isLost(other, pop.completed)) {
        report('no flash message is popped twice', id, other, pop);
      }
      poppedBy.set(id, pop);
    }
  }

  for (const look of [...pops, ...peeks]) {
    const shown = look.outcome.messages ?? [];
    shown.forEach((id, position) => {
      const push = session.byId.get(id);
      if (push === undefined || !isPush(push) || !mayHaveHappened(push) || push.invoked > look.completed) {
        report('no flash message comes from nowhere', id, look);
        return;
      }
      const before = session.byId.get(shown[position - 1] ?? '');
      if (before !== undefined && isDone(push) && push.completed < before.invoked) {
        report('flash messages come in their order', id, before, look);
      }
      const pop = poppedBy.get(id);
      const isOver = pop !== undefined && pop !== look && pop.completed < session.visibleSince(look, pop);
      if (look.call.kind === 'peekFlash' && isOver && !session.isLost(pop, look.completed)) {
        report('a popped flash message is gone', id, pop, look);
      }
    });
  }

  for (const push of pushes.filter(isDone)) {
    const pop = poppedBy.get(push.id);
    const missing = [...pops, ...peeks].find(
      (look) =>
        push.completed < session.visibleSince(look, push) &&
        !look.outcome.messages?.includes(push.id) &&
        !(pop !== undefined && pop.invoked < look.completed) &&
        !mayHaveBeenTaken(session, push, look) &&
        !session.isLost(push, look.completed),
    );
    if (missing !== undefined) report('no flash message is lost', push.id, missing);
  }
  return violations;
}

/** Whether a pop without an answer may have taken the message. */
function mayHaveBeenTaken(session: SessionView, push: Operation, look: Operation): boolean {
  return session.operations.some(
    (other) =>
      other.call.kind === 'popFlash' &&
      !isDone(other) &&
      mayHaveHappened(other) &&
      other.invoked < look.completed &&
      session.effectUntil(other) >= push.invoked,
  );
}

function isPush({ call }: Operation): boolean {
  return call.kind === 'pushFlash' || (call.kind === 'update' && call.writes.some(({ kind }) => kind === 'flash'));
}
