/** What came of looking for the session of a token. */
export type LoadResult = (typeof loadResults)[number];

export const loadResults = [
  'found',
  'not_found',
  'token_malformed',
  'token_bad_signature',
  'token_unknown_key',
] as const;

/** What the use cases report to whoever counts. Calls must be cheap and must not throw. */
export interface SessionEvents {
  /** A session was created. */
  created(): void;
  /** A read looked for a session, or any call brought a token that is not one. */
  loaded(result: LoadResult): void;
  /** A session was changed. */
  updated(): void;
  invalidated(): void;
  regenerated(): void;
  /** A read came; `recorded` tells whether it was due to be recorded as the last access. */
  touched(recorded: boolean): void;
  versionConflict(): void;
  /** The content of a session that was created or loaded, in bytes. */
  sized(bytes: number): void;
}
