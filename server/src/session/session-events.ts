/** The result of looking up the session of a token. */
export type LookupResult = (typeof lookupResults)[number];

export const lookupResults = [
  'found',
  'not_found',
  'token_malformed',
  'token_bad_signature',
  'token_unknown_key',
] as const;

/** What the use cases report, for metrics. Implementations must be cheap and must not throw. */
export interface SessionEvents {
  /** A session was created. */
  onCreated(): void;
  /** A read looked up a session, or any call had a token that is not valid. */
  onLookup(result: LookupResult): void;
  /** A session was changed. */
  onUpdated(): void;
  /** Sessions were ended by a call. */
  onInvalidated(count: number): void;
  onRegenerated(): void;
  /** A session was read; `recorded`: the read was recorded as its last access. */
  onAccess(recorded: boolean): void;
  onVersionConflict(): void;
  /** The content of a session that was created or loaded, in bytes. */
  onContentSize(bytes: number): void;
}
