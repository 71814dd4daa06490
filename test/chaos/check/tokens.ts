import type { Instant } from '../clock';
import type { Operation, Regenerate } from '../history';
import { isDone, mayHaveHappened } from './view';
import type { Done, SessionView } from './view';

/** The drift between the clocks of store and checker within a second, plus rounding to milliseconds. */
export const clockSlackMs = 5;

export type Replacement = Operation & { readonly call: Regenerate };

export function isReplacement(operation: Operation): operation is Replacement {
  return operation.call.kind === 'regenerate';
}

/** The calls that may have replaced a token. */
export function replacementsOf(session: SessionView, token: string): Replacement[] {
  return session.operations.filter(
    (operation): operation is Replacement =>
      isReplacement(operation) && operation.token === token && mayHaveHappened(operation),
  );
}

export function successfulReplacements(session: SessionView): (Done & Replacement)[] {
  return session.operations.filter(
    (operation): operation is Done & Replacement => isReplacement(operation) && isDone(operation),
  );
}

/** Whether a token was the present one until a moment, so that a call with it was not about an earlier one. */
export function isPresent(session: SessionView, token: string, until: Instant): boolean {
  return !replacementsOf(session, token).some(({ invoked }) => invoked <= until);
}

/** Whether any token of the session may have a grace. */
export function hasGrace(session: SessionView): boolean {
  return session.operations.some(({ call }) => call.kind === 'regenerate' && call.graceMs !== undefined);
}
