/** What tests of applications may do to a store. */
export interface TestControl {
  /**
   * Moves the store's clock forward. It goes on from there.
   *
   * @param milliseconds from 0 up
   * @returns the time on it, in milliseconds since 1970
   */
  advance(milliseconds: number): number;

  /** Removes all sessions, and sets the clock to the real time. */
  reset(): void;
}
