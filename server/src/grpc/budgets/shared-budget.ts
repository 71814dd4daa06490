/**
 * An amount that all clients share. Once it is spent, a client may take more only up to an equal part: a client that takes too much
 * is rejected, and the others are not affected.
 */
export class SharedBudget {
  #total = 0;
  #holders = 0;

  constructor(readonly limit: number) {}

  /** The part of one client. */
  open(): Share {
    return new Share(this);
  }

  /** @internal The part of a client was `before` and is `after` now. */
  changed(change: number, before: number, after: number): void {
    this.#total += change;
    if (before === 0 && after > 0) this.#holders += 1;
    else if (before > 0 && after === 0) this.#holders -= 1;
  }

  get total(): number {
    return this.#total;
  }

  get isSpent(): boolean {
    return this.#total > this.limit;
  }

  /** The part that each holder may always have; with a newcomer, there is one holder more. */
  equalPart(newcomers: 0 | 1): number {
    return this.limit / Math.max(this.#holders + newcomers, 1);
  }
}

export class Share {
  readonly #budget: SharedBudget;
  #amount = 0;

  constructor(budget: SharedBudget) {
    this.#budget = budget;
  }

  get amount(): number {
    return this.#amount;
  }

  /** Whether this client may hold this much more. */
  allows(more: number): boolean {
    const { total, limit } = this.#budget;
    if (total + more <= limit) return true;
    return this.#amount + more <= this.#budget.equalPart(this.#amount === 0 ? 1 : 0);
  }

  add(change: number): void {
    const before = this.#amount;
    this.#amount = before + change;
    this.#budget.changed(change, before, this.#amount);
  }
}
