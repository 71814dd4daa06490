import type { Operation, Violation } from '../history';
import { describe, isChange, isDone } from './view';
import type { HistoryView, SessionView } from './view';

/**
 * A record is encrypted with a key that came first in the list of some sidecar at some time since the session's last change began, or is
 * in clear only if nothing was to be encrypted then: each change and each renewal encrypts the whole content.
 */
export function encryption(view: HistoryView): Violation[] {
  const { keys, records } = view.history;
  const sessions = new Map(view.sessions.map((session) => [session.info.handle, session]));
  return records.flatMap(({ handle, at, key }) => {
    const session = sessions.get(handle);
    const last = session && lastChange(session, at);
    if (session === undefined || last === undefined) return [];
    const possible = keys.filter(({ from, to }) => from <= at && to >= last.invoked);
    if (possible.some((period) => period.key === key)) return [];
    return [
      {
        promise: 'each change is encrypted with the key that comes first',
        message: `${session.info.name}: is under ${key}, after ${describe(last)}`,
        at,
        operations: [last],
      },
    ];
  });
}

function lastChange(session: SessionView, at: number): Operation | undefined {
  return session.operations
    .filter((operation) => isDone(operation) && isChange(operation) && operation.completed <= at)
    .filter((operation) => !session.isLost(operation, at, ['recent', 'sessions']))
    .at(-1);
}
