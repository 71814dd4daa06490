/** How long to wait, in milliseconds. */
export interface BackoffLimits {
  /** The most after the first failure, doubled with each one that follows. */
  readonly first: number;
  readonly longest: number;
  /** The most that the sidecar may ask for. */
  readonly longestAskedFor: number;
}

/** The pauses between attempts that fail, one after another. */
export class Backoff {
  readonly #limits: BackoffLimits;
  #failures = 0;

  constructor(limits: BackoffLimits) {
    this.#limits = limits;
  }

  /** A random part of what the limits allow, so that clients do not come all at once. At least what the sidecar asks for. */
  next(askedForMs = 0): number {
    const { first, longest, longestAskedFor } = this.#limits;
    const backoff = Math.random() * Math.min(longest, first * 2 ** this.#failures);
    this.#failures += 1;
    return Math.max(backoff, Math.min(askedForMs, longestAskedFor));
  }

  /** An attempt has succeeded. */
  reset(): void {
    this.#failures = 0;
  }
}
