/** Receives changes of sessions. */
export interface ChangeListener {
  /**
   * A session was changed or has ended. It may never have been read, and a change may be reported more than once.
   *
   * @param version its new version; `undefined`: unknown, or it has ended
   */
  onChanged(handle: string, version: number | undefined): void;
  /** Any session may have changed until now, unreported. */
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
