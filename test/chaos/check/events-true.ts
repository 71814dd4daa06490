import type { Operation, SeenEvent, Violation, WatchedEvents } from '../history';
import { stalenessBoundMs } from '../slack';
import { hasFound } from './dead-tokens';
import { endingsOf, isFromElsewhere } from './endings';
import { eventsOf, isEndEvent } from './events-told';
import { loginsTo } from './membership';
import { isReplacement, successfulReplacements } from './tokens';
import { describe, isDone, isRead, mayHaveHappened } from './view';
import type { HistoryView, SessionView } from './view';

/** How long after a fault a group may go on elsewhere, and with it what was not acknowledged, in ms. */
const handOverMs = 6000;

/** Nothing is reported that has not happened, nothing twice, and in order; cursors stay valid unless Redis has lost events. */
export function eventsAreTrue(view: HistoryView): Violation[] {
  return view.history.watched.flatMap((watched) => [
    ...view.sessions.flatMap((session) => {
      const events = eventsOf(watched, session);
      return [...invented(watched, session, events), ...disordered(watched, session, events)];
    }),
    ...unknownSessions(view, watched),
    ...repeated(view, watched),
    ...expiredCursors(view, watched),
  ]);
}

function invented(watched: WatchedEvents, session: SessionView, events: readonly SeenEvent[]): Violation[] {
  const { operations, info, history } = session;
  const before = (at: number) => (operation: Operation) => operation.invoked <= at && mayHaveHappened(operation);
  const endings = endingsOf(session);
  const replacements = operations.filter(isReplacement);
  const timesOf = (isMeant: (event: SeenEvent) => boolean): string[] => [
    ...new Set(events.filter(isMeant).map(({ type, time }) => `${type} ${time}`)),
  ];
  const [beginnings, ends] = [timesOf(({ type }) => type === 'created'), timesOf(isEndEvent)];
  const violations: Violation[] = [];
  const report = (event: SeenEvent, text: string): void => {
    violations.push(violation(watched, 'no event is invented', `${info.name}: ${event.type} ${text}`, event));
  };

  for (const event of events) {
    const { at, type, version, subject } = event;
    const isOwn = subject === undefined || loginsTo(session, subject).some(({ invoked }) => invoked <= at);
    if (!isOwn) report(event, `has the subject ${subject}`);
    if (type === 'regenerated') {
      const candidates = replacements.filter(before(at));
      const isKnown = candidates.some((each) => !isDone(each) || each.outcome.version === version);
      if (!isKnown) report(event, `at version ${version} by no call`);
      const login = candidates.find((each) => isDone(each) && each.outcome.version === version)?.call.subject;
      const isWrong = login !== undefined && login !== (subject ?? '') && !history.isLostAnywhere(0, at);
      if (isWrong) report(event, `has the subject ${subject ?? 'none'}, and not ${login}`);
    } else if (type === 'invalidated' || type === 'revoked') {
      const isCause = (each: Operation): boolean => isFromElsewhere(each, session) === (type === 'revoked');
      if (!endings.some((each) => isCause(each) && each.invoked <= at)) report(event, 'by no call');
    } else if (type === 'expired') {
      if (info.idleTimeoutMs === undefined) report(event, 'although it does not end by itself');
    } else if (type === 'replaced_token_used') {
      const stale = new Set(
        replacements.filter(before(at)).flatMap(({ call, token }) => (call.graceMs === undefined ? [] : [token])),
      );
      if (!operations.some(({ token, invoked }) => stale.has(token) && invoked <= at)) report(event, 'by no call');
    }
    if (isEndEvent(event)) {
      const later = operations.find((each) => hasFound(each) && each.invoked > at + staleMs(each));
      if (later !== undefined && !history.isLostAnywhere(0, later.completed)) {
        report(event, `before ${describe(later)} found it`);
      }
    }
  }
  const [first] = events;
  if ((beginnings.length > 1 || ends.length > 1) && !history.isLostAnywhere(0, first!.at)) {
    report(first!, `and others: ${[...beginnings, ...ends].join(', ')}`);
  }
  return violations;

  function staleMs(operation: Operation): number {
    const { nearCache, clientCache, slack } = history.history.setup;
    return (nearCache || clientCache) && isRead(operation) ? stalenessBoundMs + slack.stalenessMs : 0;
  }
}

/** The creation comes first and the end last, and changes that were made one after the other are reported so. */
function disordered(watched: WatchedEvents, session: SessionView, events: readonly SeenEvent[]): Violation[] {
  const { history, info } = session;
  if (events.length === 0 || history.isLostAnywhere(0, events.at(-1)!.at)) return [];
  const first = new Map<string, number>();
  events.forEach(({ type, version }, index) => {
    const key = type === 'regenerated' ? `${type} ${version}` : type;
    if (!first.has(key)) first.set(key, index);
  });
  const text = `${info.name}: ${events.map(({ type, version = '-' }) => `${type} ${version}`).join(', ')}`;
  const report = (): Violation[] => [violation(watched, 'the events of a session are in order', text, events[0]!)];
  const [create] = session.done('create');
  // A sidecar that was stopped between a change and its event records it when it goes on.
  const isSmooth = !history.history.faults.some(({ stopped }) => stopped !== undefined);
  const created = first.get('created');
  if (isSmooth && create !== undefined && created !== undefined && created > 0) return report();
  const replacements = successfulReplacements(session);
  const positions = replacements.map((each) => first.get(`regenerated ${each.outcome.version}`));
  const isDisordered = replacements.some((each, index) =>
    replacements.some(
      (other, at) => each.completed < other.invoked && (positions[index] ?? -1) > (positions[at] ?? Infinity),
    ),
  );
  if (isDisordered) return report();
  const end = events.findIndex(isEndEvent);
  const afterEnd = replacements.some(
    (each, index) =>
      end >= 0 && (positions[index] ?? -1) > end && endingsOf(session).every(({ invoked }) => invoked > each.completed),
  );
  return afterEnd ? report() : [];
}

function unknownSessions(view: HistoryView, watched: WatchedEvents): Violation[] {
  const known = new Set(view.sessions.map(({ info }) => info.handle));
  const unknown = watched.events.filter(({ type, handle }) => type === 'created' && !known.has(handle));
  const handles = new Set(unknown.map(({ handle }) => handle));
  const creations = view.history.operations.filter(
    (operation) => operation.call.kind === 'create' && !isDone(operation) && mayHaveHappened(operation),
  );
  if (handles.size <= creations.length) return [];
  const text = `${handles.size} sessions were created, by ${creations.length} calls without an answer`;
  return [violation(watched, 'no event is invented', text, unknown[0]!)];
}

function repeated(view: HistoryView, watched: WatchedEvents): Violation[] {
  const seen = new Map<string, SeenEvent>();
  return watched.events.flatMap((event) => {
    const key = `${event.type} ${event.handle} ${event.time}`;
    const earlier = seen.get(key);
    seen.set(key, event);
    const isExcused = view.history.faults.some(
      (fault) =>
        fault.injected <= event.at && earlier !== undefined && view.troubleUntil(fault) + handOverMs >= earlier.at,
    );
    if (earlier === undefined || isExcused) return [];
    return [violation(watched, 'each event is reported once', `${key} twice`, event)];
  });
}

function expiredCursors(view: HistoryView, watched: WatchedEvents): Violation[] {
  return watched.restarts.flatMap(({ at, code }) => {
    if (code === 'CURSOR_EXPIRED' && view.history.faults.some(({ loss }) => loss !== undefined && loss.from <= at))
      return [];
    const message = `${watched.name} had to begin anew: ${code}`;
    return [{ promise: 'a watcher goes on where it was', message, at, operations: [] }];
  });
}

function violation({ name }: WatchedEvents, promise: string, text: string, { at }: SeenEvent): Violation {
  return { promise, message: `${name}: ${text}`, at, operations: [] };
}
