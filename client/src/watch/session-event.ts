import { SessionEventReason, SessionEventType } from '@session-sidecar/proto/session/v1/session_events';
import type { WatchSessionsResponse } from '@session-sidecar/proto/session/v1/session_service';

/** A session began, got a new token or ended, or someone tried to use it with a token that was replaced. */
export interface SessionEvent {
  /**
   * `created`; `regenerated`: it got a new token; `invalidated`: the application ended it; `expired`: it reached the end of its idle
   * timeout or its maximum lifetime; `revoked`: it was ended by way of its subject, or by an operator; `replaced_token_used`: someone
   * tried to use it with the token that was replaced last, after the {@link RegenerateOptions.grace} of that token.
   */
  readonly type: 'created' | 'regenerated' | 'invalidated' | 'expired' | 'revoked' | 'replaced_token_used';
  /**
   * `call`: a call for this session; `subject`: one for its subject; `limit`: its subject needed room for another session;
   * `age` and `signing_key`: what an operator selected sessions by; or which limit a session that expired has reached.
   */
  readonly reason: 'call' | 'idle_timeout' | 'max_lifetime' | 'subject' | 'limit' | 'age' | 'signing_key' | 'unknown';
  /** The public id of the session: {@link ISession.handle}. */
  readonly handle: string;
  /**
   * Who the session belonged to after a creation or a new token, before an end, and while a replaced token was used; `undefined`: no
   * subject.
   */
  readonly subject: string | undefined;
  /** When it was recorded, by the store's clock. */
  readonly time: Date;
  /** The session's version, as for {@link subject}; `undefined` for sessions that expired. */
  readonly version: number | undefined;
  /** Pass it as {@link WatchOptions.after} to go on after this event. Opaque; valid for SESSION_SIDECAR_EVENT_RETENTION. */
  readonly cursor: string;
}

const types: Readonly<Partial<Record<SessionEventType, SessionEvent['type']>>> = {
  [SessionEventType.CREATED]: 'created',
  [SessionEventType.REGENERATED]: 'regenerated',
  [SessionEventType.INVALIDATED]: 'invalidated',
  [SessionEventType.EXPIRED]: 'expired',
  [SessionEventType.REVOKED]: 'revoked',
  [SessionEventType.REPLACED_TOKEN_USED]: 'replaced_token_used',
};

const reasons: Readonly<Partial<Record<SessionEventReason, SessionEvent['reason']>>> = {
  [SessionEventReason.CALL]: 'call',
  [SessionEventReason.IDLE_TIMEOUT]: 'idle_timeout',
  [SessionEventReason.MAX_LIFETIME]: 'max_lifetime',
  [SessionEventReason.SUBJECT]: 'subject',
  [SessionEventReason.LIMIT]: 'limit',
  [SessionEventReason.AGE]: 'age',
  [SessionEventReason.SIGNING_KEY]: 'signing_key',
};

/** @returns `undefined` without an event, and for a type that only later versions know */
export function toSessionEvent({ event, cursor }: WatchSessionsResponse): SessionEvent | undefined {
  const type = event && types[event.type];
  if (type === undefined) return undefined;
  const { reason, handle, subject, time, version } = event!;
  return { type, reason: reasons[reason] ?? 'unknown', handle, subject, time: time ?? new Date(NaN), version, cursor };
}
