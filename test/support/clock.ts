/** Moves this process's monotonic clock forward, permanently. */
export function moveMonotonicClock(milliseconds: number): void {
  const now = performance.now.bind(performance);
  performance.now = () => now() + milliseconds;
}

/** A clock that only {@link advance} moves. */
export class ManualClock {
  #now = Date.UTC(2026, 0, 1);

  readonly now = (): number => this.#now;

  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }
}
