/** Pauses, in milliseconds. */
export interface BackoffLimits {
  /** The maximum after the first failure; each further failure doubles it. */
  readonly first: number;
  /** The maximum after any number of failures. */
  readonly max: number;
  /** The maximum that the sidecar can request. */
  readonly maxRequested: number;
}

/** The pauses between attempts, growing while they fail. */
export class Backoff {
  readonly #limits: BackoffLimits;
  #failures = 0;

  constructor(limits: BackoffLimits) {
    this.#limits = limits;
  }

  /** A random fraction of the maximum, so that clients do not reconnect all at once, but at least what the sidecar requests. */
  next(requestedMs = 0): number {
    const { first, max, maxRequested } = this.#limits;
    const backoff = Math.random() * Math.min(max, first * 2 ** this.#failures);
    this.#failures += 1;
    return Math.max(backoff, Math.min(requestedMs, maxRequested));
  }

  /** To be called after an attempt has succeeded. */
  reset(): void {
    this.#failures = 0;
  }
}
