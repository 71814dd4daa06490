import type { Connection } from './connection';

/** How long a client may take to send its request before others are preferred, in ms. */
const graceMs = 1_000;

/**
 * Keeps connections within a number by closing old ones, so that a new one is always served: a probe must get through however
 * many connections others hold. Those that have sent no request for a while go first, then those whose answer is not ready or not
 * taken, and last those that are about to send a request; of each, the oldest first.
 */
export class ConnectionLimit {
  readonly #max: number;
  readonly #onClosed: () => void;
  /** The oldest first. */
  readonly #open = new Set<Connection>();
  #isScheduled = false;

  /** @param onClosed is called for each connection that has to make room */
  constructor(max: number, onClosed: () => void) {
    this.#max = max;
    this.#onClosed = onClosed;
  }

  add(connection: Connection): void {
    this.#open.add(connection);
    connection.once('close', () => this.#open.delete(connection));
    if (this.#open.size > this.#max && !this.#isScheduled) this.#schedule();
  }

  /** Closes all. */
  close(): void {
    for (const connection of this.#open) connection.destroy();
  }

  /**
   * Of many connections that are accepted at once, none has been read from yet. Two turns later each has been, and those that
   * brought a request that can be answered at once have been answered.
   */
  #schedule(): void {
    this.#isScheduled = true;
    setImmediate(() => {
      setImmediate(() => {
        this.#isScheduled = false;
        this.#closeSurplus();
      });
    });
  }

  #closeSurplus(): void {
    const now = performance.now();
    const isIdle = ({ hasRequest, since }: Connection): boolean => !hasRequest && now - since > graceMs;
    for (const goes of [isIdle, ({ hasRequest }: Connection) => hasRequest, () => true]) {
      for (const connection of this.#open) {
        if (this.#open.size <= this.#max) return;
        if (!goes(connection)) continue;
        this.#open.delete(connection);
        this.#onClosed();
        connection.destroy();
      }
    }
  }
}
