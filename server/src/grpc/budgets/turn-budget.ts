/**
 * So many calls may start in one turn of the event loop: a store in memory answers calls that start together before the size
 * of any reply is known.
 */
const callsPerTurn = 64;

/**
 * Calls start in a turn until it has taken this long, in ms: decoding a large request takes one or two, and clients whose
 * requests have not been read wait for the end of the turn.
 */
const sliceMs = 4;

/** What one turn of the event loop may spend on starting calls. */
export class TurnBudget {
  readonly #onNextTurn: () => void;
  #endsAt: number | undefined;
  #calls = 0;

  /** @param onNextTurn is called at the beginning of a turn that follows one in which calls started */
  constructor(onNextTurn: () => void) {
    this.#onNextTurn = onNextTurn;
  }

  get isSpent(): boolean {
    return this.#endsAt !== undefined && (this.#calls >= callsPerTurn || performance.now() >= this.#endsAt);
  }

  /** A call starts. */
  use(): void {
    this.#calls += 1;
    if (this.#endsAt !== undefined) return;
    this.#endsAt = performance.now() + sliceMs;
    setImmediate(() => {
      this.#endsAt = undefined;
      this.#calls = 0;
      this.#onNextTurn();
    });
  }
}
