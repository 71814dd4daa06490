import type { Violation } from '../history';
import { describe, isBySession, isDone, isLogged } from './view';
import type { SessionView } from './view';

/**
 * Every later read shows an acknowledged change, unless a fault lost it, or made a transform() overwrite it with what an old master
 * had returned.
 */
export function lostUpdates(session: SessionView): Violation[] {
  const writes = session.operations.filter((operation) => isDone(operation) && isLogged(operation));
  const transforms = session.operations.filter(
    (operation) => isBySession(operation) && session.mayHaveMismatched(operation),
  );
  const lost = new Map<string, Violation>();
  for (const read of session.done('read')) {
    const seen = new Set(read.outcome.state?.log);
    for (const write of writes) {
      if (lost.has(write.id) || seen.has(write.id)) continue;
      const mustBeThere = write.completed < session.visibleSince(read, write);
      if (!mustBeThere || session.isLost(write, read.completed)) continue;
      if (transforms.some(({ id, completed }) => seen.has(id) && completed > write.invoked)) continue;
      lost.set(write.id, {
        promise: 'no acknowledged change is lost',
        message: `${session.info.name}: ${describe(write)} is missing in ${describe(read)}`,
        at: read.completed,
        operations: [write, read],
      });
    }
  }
  return [...lost.values()];
}
