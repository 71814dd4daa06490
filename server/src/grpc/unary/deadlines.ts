import { DeadlineTimer } from '../deadline-timer';

export interface Overdue {
  /** By `performance.now()`; Infinity: none. */
  readonly deadline: number;
  onDeadline(): void;
}

/** Ends calls at their deadlines, all with one timer. */
export class Deadlines {
  readonly #calls = new Set<Overdue>();
  readonly #timer = new DeadlineTimer(() => this.#endOverdue());

  watch(call: Overdue): void {
    if (call.deadline === Infinity) return;
    this.#calls.add(call);
    this.#timer.watch(call.deadline);
  }

  forget(call: Overdue): void {
    this.#calls.delete(call);
  }

  stop(): void {
    this.#timer.stop();
  }

  /** @returns the earliest deadline of those that are not overdue */
  #endOverdue(): number {
    const now = performance.now();
    let next = Infinity;
    for (const call of this.#calls) {
      if (call.deadline > now) {
        next = Math.min(next, call.deadline);
        continue;
      }
      this.#calls.delete(call);
      call.onDeadline();
    }
    return next;
  }
}
