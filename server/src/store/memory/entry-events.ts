import { expiryReason } from '../../session/events/session-event';
import type { SessionEventReason, SessionEventType } from '../../session/events/session-event';
import { expiryOf } from '../../session/session';
import type { ExpiryPolicy } from '../../session/session';
import type { Entry } from './entry';
import type { MemoryEventLog } from './memory-event-log';

/** Records what has become of a session, if events are recorded. */
export function recordEvent(
  log: MemoryEventLog | undefined,
  type: SessionEventType,
  reason: SessionEventReason,
  { handle, subject, version }: Entry,
): void {
  if (log?.isRecording !== true) return;
  log.record({ type, reason, handle, subject, version: type === 'expired' ? undefined : version });
}

export function recordExpiry(log: MemoryEventLog | undefined, expiry: ExpiryPolicy, entry: Entry): void {
  const expires = expiryOf(expiry, entry) ?? Infinity;
  recordEvent(log, 'expired', expiryReason({ created: entry.created, expires }, expiry.maxLifetime), entry);
}
