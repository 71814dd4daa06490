import { setTimeout as delay } from 'node:timers/promises';

/**
 * Lets tasks with the same key take turns, so that they do not get into each other's way. Only a courtesy: a task that has waited for
 * long begins beside the one before it.
 */
export class Turns {
  readonly #latest = new Map<string, Promise<unknown>>();
  readonly #maxWaitMs: number;

  constructor(maxWaitMs: number) {
    this.#maxWaitMs = maxWaitMs;
  }

  async take<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#latest.get(key);
    const turn = before === undefined ? task() : this.#over(before).then(task);
    const over = turn.catch(() => {});
    this.#latest.set(key, over);
    try {
      return await turn;
    } finally {
      if (this.#latest.get(key) === over) this.#latest.delete(key);
    }
  }

  async #over(before: Promise<unknown>): Promise<void> {
    const waiting = new AbortController();
    const patience = delay(this.#maxWaitMs, undefined, { signal: waiting.signal, ref: false }).catch(() => {});
    await Promise.race([before, patience]);
    waiting.abort();
  }
}
