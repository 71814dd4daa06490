/** The beginning of a session, a new token, its end, or the use of a token that was replaced. */
export interface SessionEvent {
  readonly type: SessionEventType;
  readonly reason: SessionEventReason;
  readonly handle: string;
  /** After a creation or a new token, before an end, and while a replaced token was used. `undefined`: none, or unknown. */
  readonly subject: string | undefined;
  /** When it was recorded, in milliseconds since 1970 by the store's clock. */
  readonly time: number;
  /** After a creation or a new token, before an end, and while a replaced token was used; `undefined`: unknown. */
  readonly version: number | undefined;
}

export const sessionEventTypes = [
  'created',
  'regenerated',
  'invalidated',
  'expired',
  'revoked',
  'replaced_token_used',
] as const;
export type SessionEventType = (typeof sessionEventTypes)[number];

export const sessionEventReasons = [
  ...(['call', 'idle_timeout', 'max_lifetime', 'subject', 'limit', 'age', 'signing_key'] as const),
] as const;
export type SessionEventReason = (typeof sessionEventReasons)[number];

/** Receives the events that this process has recorded. Must not throw. */
export interface SessionEventObserver {
  eventRecorded(event: SessionEvent): void;
  /** Whether events are recorded now. */
  setRecording(isRecording: boolean): void;
}

/** @param expires when the session ended */
export function expiryReason(
  { created, expires }: { readonly created: number; readonly expires: number },
  maxLifetime: number | undefined,
): SessionEventReason {
  return maxLifetime !== undefined && expires >= created + maxLifetime ? 'max_lifetime' : 'idle_timeout';
}
