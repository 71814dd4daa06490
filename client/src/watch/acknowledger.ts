/** How long events that were processed are not acknowledged, in ms: what may be delivered again after a failure. */
const delayMs = 500;

/** Acknowledges what a watcher of a group has processed, in the background, one call at a time. */
export class Acknowledger {
  readonly #acknowledge: (cursor: string) => Promise<unknown>;
  #cursor: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isSending = false;

  /** @param acknowledge if it fails, a later cursor covers the same events */
  constructor(acknowledge: (cursor: string) => Promise<unknown>) {
    this.#acknowledge = acknowledge;
  }

  /** Everything up to a cursor was processed. */
  processed(cursor: string): void {
    this.#cursor = cursor;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#cursor === undefined) return;
    this.#timer ??= setTimeout(() => void this.#flush(), delayMs).unref();
  }

  /** Acknowledges what is not yet. */
  async close(): Promise<void> {
    await this.#flush();
  }

  async #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const cursor = this.#cursor;
    if (cursor === undefined || this.#isSending) return;
    this.#cursor = undefined;
    this.#isSending = true;
    await this.#acknowledge(cursor).catch(() => {});
    this.#isSending = false;
    this.#schedule();
  }
}
