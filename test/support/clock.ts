/** `performance.now`, once it has been replaced. */
type MovedClock = typeof performance.now & { readonly move?: (milliseconds: number) => void };

/**
 * Moves this process's monotonic clock forward, permanently. All test files that a jest worker runs share it. It is replaced only
 * once: if each move wrapped the clock of the move before, everything that asks for the time would become slower with each.
 */
export function moveMonotonicClock(milliseconds: number): void {
  const { move } = performance.now as MovedClock;
  if (move !== undefined) return move(milliseconds);
  const now = performance.now.bind(performance);
  let ahead = milliseconds;
  performance.now = Object.assign(() => now() + ahead, {
    move(more: number) {
      ahead += more;
    },
  });
}

/** A clock that only {@link advance} moves. */
export class ManualClock {
  #now = Date.UTC(2026, 0, 1);

  readonly now = (): number => this.#now;

  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }
}
