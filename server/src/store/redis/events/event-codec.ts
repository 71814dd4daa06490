import { sessionEventReasons, sessionEventTypes } from '../../../session/events/session-event';
import type { SessionEvent } from '../../../session/events/session-event';
import type { EventId, Position } from '../../../session/events/position';

/* The texts of the event log. docs/reference/storage.md describes them. */

/** `<type> <reason> <version or ->`, which the scripts complete with the handle and the subject. */
export function eventPrefix({ type, reason, version }: Pick<SessionEvent, 'type' | 'reason' | 'version'>): string {
  return `${type} ${reason} ${version ?? '-'}`;
}

/** @param text `<type> <reason> <version or -> <handle> <subject>` */
export function parseEvent(id: string, text: string): SessionEvent | undefined {
  const [, type, reason, version, handle = '', subject] = /^(\S+) (\S+) (\d+|-) (\S+) (.*)$/s.exec(text) ?? [];
  const knownType = sessionEventTypes.find((each) => each === type);
  const knownReason = sessionEventReasons.find((each) => each === reason);
  if (knownType === undefined || knownReason === undefined) return undefined;
  return {
    type: knownType,
    reason: knownReason,
    handle,
    subject: subject === '' ? undefined : subject,
    time: parseId(id).ms,
    version: version === '-' ? undefined : Number(version),
  };
}

export function formatId({ ms, seq }: EventId): string {
  return `${ms}-${seq}`;
}

export function parseId(id: string): EventId {
  const [ms, seq] = id.split('-');
  return { ms: Number(ms), seq: Number(seq) };
}

/** `<time> <id> <id> …` */
export function formatPosition({ time, ids }: Position): string {
  return [time, ...ids.map(formatId)].join(' ');
}

export function parsePosition(log: string, text: string): Position {
  const [time, ...ids] = text.split(' ');
  return { log, time: Number(time), ids: ids.map(parseId) };
}
