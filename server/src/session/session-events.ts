/** The result of looking up the session of a token. */
export type LookupResult = (typeof lookupResults)[number];

export const lookupResults = [
  'found',
  'not_found',
  'token_malformed',
  'token_bad_signature',
  'token_unknown_key',
] as const;

/** What became of a lease: `held` by another holder when it was asked for, `lost` when a change relied on it. */
export type LeaseResult = (typeof leaseResults)[number];

export const leaseResults = ['acquired', 'held', 'released', 'lost'] as const;

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
  onLease(result: LeaseResult): void;
  /** The content of a session that was created or loaded, in bytes. */
  onContentSize(bytes: number): void;
}

/** What the store reports of tokens that were replaced, for metrics. */
export interface ReplacedTokenObserver {
  /** A replaced token was used after its grace. */
  replacedTokenUsed(): void;
}
