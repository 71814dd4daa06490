import type { Operation, Violation } from '../history';
import { describe, isDone, isLogged, mayHaveHappened } from './view';
import type { Done, SessionView } from './view';

/**
 * A change does not take effect after its caller has given up. It did if the log has it after a change that was requested only
 * later, or if a later read did not show it and another read does.
 */
export function nothingLate(session: SessionView): Violation[] {
  const reads = session.done('read');
  const late = new Map<string, Violation>();
  const report = (write: Operation, evidence: Operation, how: string): void => {
    late.set(write.id, {
      promise: 'nothing takes effect late',
      message: `${session.info.name}: ${describe(write)} ${how} ${describe(evidence)}`,
      at: evidence.completed,
      operations: [write, evidence],
    });
  };

  const seenIn = new Map<string, Done>();
  for (const read of reads) {
    let newest: Operation | undefined;
    for (const id of read.outcome.state?.log ?? []) {
      const write = session.byId.get(id);
      if (write === undefined) continue;
      if (!seenIn.has(id)) seenIn.set(id, read);
      const isBehind = newest !== undefined && newest.invoked > session.effectUntil(write);
      if (isBehind && !isDone(write) && !late.has(id)) report(write, newest!, 'took effect after');
      if (newest === undefined || write.invoked > newest.invoked) newest = write;
    }
  }

  const givenUp = session.operations.filter(
    (operation) => isLogged(operation) && !isDone(operation) && mayHaveHappened(operation),
  );
  for (const write of givenUp) {
    const shown = seenIn.get(write.id);
    if (shown === undefined || late.has(write.id)) continue;
    const without = reads.find(
      (read) =>
        session.visibleSince(read, write) > session.effectUntil(write) &&
        !read.outcome.state?.log.includes(write.id) &&
        !session.isLost(write, read.completed),
    );
    if (without === undefined) continue;
    const isLater = shown.completed > without.invoked;
    report(write, without, `${isLater ? 'appeared' : 'was seen, and is missing'} after`);
  }
  return [...late.values()];
}
