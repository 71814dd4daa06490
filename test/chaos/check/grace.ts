import type { Violation } from '../history';
import { successfulReplacements } from './tokens';
import { describe } from './view';
import type { SessionView } from './view';

/** A grace is refused together with a change of the subject, and a token that was replaced cannot replace the present one. */
export function grace(session: SessionView): Violation[] {
  const violations: Violation[] = [];
  const done = successfulReplacements(session);
  for (const operation of done) {
    const { graceMs, subject } = operation.call;
    if (graceMs !== undefined && subject !== undefined) {
      violations.push(violation('there is no grace at a login', `${describe(operation)} was not refused`, operation));
    }
    const earlier = done.find(
      (other) =>
        other !== operation &&
        other.token === operation.token &&
        other.completed < operation.invoked &&
        !session.isLost(other, operation.completed),
    );
    if (earlier === undefined) continue;
    const text = `${describe(operation)} came after ${describe(earlier)}`;
    violations.push(violation('a replaced token replaces nothing', text, earlier, operation));
  }
  return violations;

  function violation(promise: string, text: string, ...operations: typeof done): Violation {
    return { promise, message: `${session.info.name}: ${text}`, at: operations.at(-1)!.completed, operations };
  }
}
