import type { Operation, SeenEvent, Violation, WatchedEvents } from '../history';
import { endingsOf } from './endings';
import { certainEnd } from './revocations';
import { successfulReplacements } from './tokens';
import { describe, isDone, isTrouble } from './view';
import type { HistoryView, SessionView } from './view';

const endTypes: readonly SeenEvent['type'][] = ['invalidated', 'expired', 'revoked'];

export function isEndEvent({ type }: SeenEvent): boolean {
  return endTypes.includes(type);
}

/** Each acknowledged creation, new token and end of a session is reported to each watcher and group. */
export function eventsAreTold(view: HistoryView): Violation[] {
  return view.history.watched.flatMap((watched) =>
    view.sessions.flatMap((session) => missingIn(watched, session, eventsOf(watched, session))),
  );
}

export function eventsOf({ events }: WatchedEvents, { info }: SessionView): SeenEvent[] {
  return events.filter(({ handle }) => handle === info.handle);
}

function missingIn(watched: WatchedEvents, session: SessionView, events: readonly SeenEvent[]): Violation[] {
  const isClaimed = (operation: Operation): boolean => isPromised(session.history, watched, operation);
  const missing: Violation[] = [];
  const report = (operation: Operation, what: string): void => {
    missing.push({
      promise: 'each acknowledged change has its event',
      message: `${session.info.name}: ${watched.name} was not told ${what} by ${describe(operation)}`,
      at: operation.completed,
      operations: [operation],
    });
  };

  const [create] = session.done('create');
  if (create !== undefined && isClaimed(create) && !events.some(({ type }) => type === 'created')) {
    report(create, 'of its creation');
  }
  for (const operation of successfulReplacements(session)) {
    const { version } = operation.outcome;
    const isTold = events.some((event) => event.type === 'regenerated' && event.version === version);
    if (isClaimed(operation) && !isTold) report(operation, 'of its new token');
  }
  const end = certainEnd(session);
  // An attempt that fails may leave an end without its event. The caller does not know of it if the client has repeated the call.
  const isCertain = endingsOf(session).every((each) => isDone(each) && isSmooth(session.history, each));
  if (create !== undefined && end !== undefined && isCertain && isClaimed(create) && isClaimed(end)) {
    if (!events.some(isEndEvent)) report(end, 'of its end, seen');
  }
  return missing;
}

/** Whether no attempt at a call can have failed: neither because of a fault nor on a busy machine, on which others failed, too. */
function isSmooth(view: HistoryView, { invoked, completed }: Operation): boolean {
  const isBeside = (other: Operation): boolean => other.invoked <= completed && other.completed >= invoked;
  return (
    view.isCalm({ invoked, completed }) && !view.history.operations.some((other) => isTrouble(other) && isBeside(other))
  );
}

/** Whether a watcher must be told. A failover or a restart of Redis that loses changes loses their events, too. */
function isPromised(view: HistoryView, { since, until }: WatchedEvents, operation: Operation): boolean {
  if (operation.invoked < since || operation.completed > until) return false;
  if (view.history.faults.some(({ loss }) => loss !== undefined && loss.until >= operation.invoked)) return false;
  // On a Cluster, a sidecar may reach the server of a session, but not the one that says whether events are recorded.
  return view.isCalm(operation) || view.history.faults.every(({ slots }) => slots === undefined);
}
