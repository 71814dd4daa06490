import { setTimeout as sleep } from 'node:timers/promises';

/** Keeps an average rate. */
export class Pace {
  readonly #perSecond: number;
  readonly #signal: AbortSignal;
  readonly #startedAt = performance.now();
  #count = 0;

  /** @param perSecond `undefined`: as fast as possible */
  constructor(perSecond: number | undefined, signal: AbortSignal) {
    this.#perSecond = perSecond ?? Infinity;
    this.#signal = signal;
  }

  /** Waits until `count` more are due, or until the signal is aborted. */
  async take(count: number): Promise<void> {
    const dueAt = this.#startedAt + (this.#count / this.#perSecond) * 1000;
    this.#count += count;
    const waitMs = dueAt - performance.now();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.#signal }).catch(() => {});
  }
}
