/**
 * Work of one kind starts in a turn of the event loop until that has taken this long, in ms: clients whose requests have not been
 * read wait for the end of the turn.
 */
export const turnSliceMs = 1;

/** How much work of one kind a turn of the event loop may start. */
export class TurnBudget {
  readonly #onNextTurn: () => void;
  #endsAt = Infinity;
  #started = 0;

  /** @param onNextTurn is called at the beginning of a turn that follows one in which work started */
  constructor(onNextTurn: () => void) {
    this.#onNextTurn = onNextTurn;
  }

  get isSpent(): boolean {
    return performance.now() >= this.#endsAt;
  }

  /** How many pieces of work have started in this turn. */
  get started(): number {
    return this.#started;
  }

  /** A piece of work starts. */
  use(): void {
    this.#started += 1;
    if (this.#endsAt < Infinity) return;
    this.#endsAt = performance.now() + turnSliceMs;
    setImmediate(() => {
      this.#endsAt = Infinity;
      this.#started = 0;
      this.#onNextTurn();
    });
  }
}
