import type { History, Violation } from '../history';
import { appliedOnce } from './applied-once';
import { deadlines, notEarly, statuses } from './calls';
import { consistentReads } from './consistent-reads';
import { csrf } from './csrf';
import { deadTokens } from './dead-tokens';
import { encryption } from './encryption';
import { eventsAreTold } from './events-told';
import { eventsAreTrue } from './events-true';
import { expiry } from './expiry';
import { flash } from './flash';
import { grace } from './grace';
import { leases } from './leases';
import { lostUpdates } from './lost-updates';
import { merges } from './merges';
import { nothingLate } from './nothing-late';
import { noOutage, recovered, restartsUnnoticed } from './recovery';
import { memory, readiness } from './sidecars';
import { subjectLimit } from './subject-limit';
import { listed, revoked, revokedByAge, unknownSurvivors } from './subjects';
import { versions } from './versions';
import { HistoryView } from './view';
import type { SessionView } from './view';

/** The promises about each session. */
const ofSessions: readonly ((session: SessionView) => Violation[])[] = [
  lostUpdates,
  appliedOnce,
  nothingLate,
  consistentReads,
  merges,
  versions,
  deadTokens,
  expiry,
  flash,
  csrf,
  grace,
  leases,
  revoked,
  revokedByAge,
  listed,
];

/** The promises about sidecars, about all calls, and about what watchers are told. */
const ofSidecars: readonly ((view: HistoryView) => Violation[])[] = [
  deadlines,
  notEarly,
  statuses,
  recovered,
  restartsUnnoticed,
  noOutage,
  readiness,
  memory,
  unknownSurvivors,
  subjectLimit,
  encryption,
  eventsAreTold,
  eventsAreTrue,
];

/** Finds every broken promise in a history. All checks are sound: a violation cannot occur if the promises are kept. */
export function checkHistory(history: History): Violation[] {
  const view = new HistoryView(history);
  return [
    ...view.sessions.flatMap((session) => ofSessions.flatMap((check) => check(session))),
    ...ofSidecars.flatMap((check) => check(view)),
  ].sort((a, b) => a.at - b.at);
}
