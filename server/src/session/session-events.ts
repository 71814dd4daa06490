/** What came of looking for the session of a token. */
export type LookupResult = (typeof lookupResults)[number];

export const lookupResults = [
  'found',
  'not_found',
  'token_malformed',
  'token_bad_signature',
  'token_unknown_key',
] as const;

/** What the use cases report to the metrics. Calls must be cheap and must not throw. */
export interface SessionEvents {
  /** A session was created. */
  onCreated(): void;
  /** A read looked for a session, or any call brought a token that is not one. */
  onLookup(result: LookupResult): void;
  /** A session was changed. */
  onUpdated(): void;
  onInvalidated(): void;
  onRegenerated(): void;
  /** A read came; `recorded` tells whether it was due to be recorded as the last access. */
  onAccess(recorded: boolean): void;
  onVersionConflict(): void;
  /** The content of a session that was created or loaded, in bytes. */
  onContentSize(bytes: number): void;
}
