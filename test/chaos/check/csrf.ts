import type { Operation, Violation } from '../history';
import { describe, isDone, mayHaveHappened } from './view';
import type { Done, SessionView } from './view';

/** A call returns the CSRF token that was made last. */
export function csrf(session: SessionView): Violation[] {
  const makers = session.operations.filter(
    (operation) => ['create', 'newCsrf', 'regenerate'].includes(operation.call.kind) && mayHaveHappened(operation),
  );
  const made = makers.filter(
    (operation): operation is Done => isDone(operation) && operation.outcome.csrf !== undefined,
  );
  const unknown = makers.filter((operation) => !isDone(operation));
  const violations: Violation[] = [];
  for (const read of session.done('read', 'getCsrf')) {
    const token = read.outcome.csrf;
    if (token === undefined) continue;
    const maker = made.find(({ outcome }) => outcome.csrf === token);
    const candidates = maker === undefined ? unknown : [maker];
    const replacements = candidates.map((candidate) => replacementOf(candidate));
    if (candidates.length > 0 && replacements.includes(undefined)) continue;
    violations.push({
      promise: 'the CSRF token is the last one made',
      message: `${session.info.name}: ${describe(read)} returned the token of ${maker === undefined ? 'no known call' : describe(maker)}${replacements[0] === undefined ? '' : `, after ${describe(replacements[0])}`}`,
      at: read.completed,
      operations: [...candidates, read],
    });

    function replacementOf(candidate: Operation): Operation | undefined {
      return made.find(
        (other) =>
          other.invoked > session.effectUntil(candidate) &&
          other.completed < session.visibleSince(read, other) &&
          !session.isLost(other, read.completed),
      );
    }
  }
  return violations;
}
