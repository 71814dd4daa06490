import { setTimeout as delay } from 'node:timers/promises';

/** Moves the monotonic clock of this process on, for good. */
export function moveMonotonicClock(milliseconds: number): void {
  const now = performance.now.bind(performance);
  performance.now = () => now() + milliseconds;
}

/** Two turns of the timer by which a sidecar notices that it stood still. */
const pauseOverMs = 120;

/** Sidecars of this process take a step of its clock for a pause, after which calls count as old for a moment. */
export async function pauseIsOver(): Promise<void> {
  await delay(pauseOverMs);
}

/** A clock that moves only when told to. */
export class ManualClock {
  #now = Date.UTC(2026, 0, 1);

  readonly now = (): number => this.#now;

  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }
}
