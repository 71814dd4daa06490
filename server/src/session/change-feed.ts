/** What wants to know of changes to sessions. */
export interface ChangeListener {
  /**
   * A session was changed or has ended. Sessions may be named that were never read, and changes more than once.
   *
   * @param version the one that it was changed to; `undefined`: unknown, or it has ended
   */
  onChanged(handle: string, version: number | undefined): void;
  /** Changes may have gone unreported, until now. */
  onAllChanged(): void;
}

/**
 * Reports every change to sessions that were read or changed through this process, by any process. A change that this one
 * makes is reported before it is acknowledged.
 */
export interface ChangeFeed {
  /** @returns a function that ends the subscription */
  subscribe(listener: ChangeListener): () => void;
  /**
   * Every change that was made until this many milliseconds ago has been reported to every listener that was subscribed then.
   * `undefined`: changes cannot be reported now.
   */
  readonly confirmedAgeMs: number | undefined;
}
