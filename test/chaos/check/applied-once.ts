import type { Violation } from '../history';
import { describe, mayHaveHappened } from './view';
import type { SessionView } from './view';

/** A change takes effect at most once, not before it was requested, and never if its caller was told that it was not applied. */
export function appliedOnce(session: SessionView): Violation[] {
  const found = new Map<string, Violation>();
  for (const read of session.done('read')) {
    const log = read.outcome.state?.log ?? [];
    const seen = new Set<string>();
    for (const id of log) {
      const write = session.byId.get(id);
      const broken = seen.has(id)
        ? 'no change is applied twice'
        : write === undefined
          ? 'nothing is stored that was not requested'
          : !mayHaveHappened(write)
            ? 'a change that was refused is not applied'
            : write.invoked > read.completed
              ? 'nothing is read before it was requested'
              : undefined;
      seen.add(id);
      if (broken === undefined || found.has(broken + id)) continue;
      found.set(broken + id, {
        promise: broken,
        message: `${session.info.name}: ${write === undefined ? id : describe(write)}, seen in ${describe(read)}`,
        at: read.completed,
        operations: write === undefined ? [read] : [write, read],
      });
    }
  }
  return [...found.values()];
}
