import type { WatchSessionsResponse } from '@session-sidecar/proto/session/v1/session_service';
import { SessionEventReason, SessionEventType } from '@session-sidecar/proto/session/v1/session_events';
import type * as events from '../../session/events/session-event';
import type { WatchUpdate } from './session-watch';

export interface WatchObserver {
  /** @param difference 1 when a watcher was connected, -1 when it is gone */
  watchersChanged(difference: 1 | -1): void;
  eventSent(): void;
}

const types: Readonly<Record<events.SessionEventType, SessionEventType>> = {
  created: SessionEventType.CREATED,
  regenerated: SessionEventType.REGENERATED,
  invalidated: SessionEventType.INVALIDATED,
  expired: SessionEventType.EXPIRED,
  revoked: SessionEventType.REVOKED,
  replaced_token_used: SessionEventType.REPLACED_TOKEN_USED,
};

const reasons: Readonly<Record<events.SessionEventReason, SessionEventReason>> = {
  call: SessionEventReason.CALL,
  idle_timeout: SessionEventReason.IDLE_TIMEOUT,
  max_lifetime: SessionEventReason.MAX_LIFETIME,
  subject: SessionEventReason.SUBJECT,
  limit: SessionEventReason.LIMIT,
  age: SessionEventReason.AGE,
  signing_key: SessionEventReason.SIGNING_KEY,
};

export function toWatchResponse({ event, cursor }: WatchUpdate): WatchSessionsResponse {
  if (event === undefined) return { event: undefined, cursor };
  const { type, reason, time, ...rest } = event;
  return { event: { ...rest, type: types[type], reason: reasons[reason], time: new Date(time) }, cursor };
}
