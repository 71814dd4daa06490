/** The longest delay of a timer of Node.js. After it, the earliest deadline is computed again. */
const maxDelayMs = 2 ** 31 - 1;

/** One timer for many deadlines. It fires at the earliest one that it watches. */
export class DeadlineTimer {
  readonly #onDue: () => number;
  #time = Infinity;
  #timer: NodeJS.Timeout | undefined;

  /** @param onDue handles what is overdue, and returns the earliest deadline of the rest, or Infinity */
  constructor(onDue: () => number) {
    this.#onDue = onDue;
  }

  /** @param deadline by `performance.now()`; Infinity: none */
  watch(deadline: number): void {
    if (deadline >= this.#time) return;
    this.stop();
    this.#time = deadline;
    // Node.js warns about a negative delay.
    const milliseconds = Math.max(1, Math.min(deadline - performance.now(), maxDelayMs));
    this.#timer = setTimeout(() => {
      this.#time = Infinity;
      this.watch(this.#onDue());
    }, milliseconds);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#time = Infinity;
  }
}
