import type { Connection } from './connection';

/** How long a client may take to send its request before its connection may be closed, in ms. */
const graceMs = 1_000;

/**
 * Limits the number of connections by closing old ones, so that a new one is always served: probes must succeed however many
 * connections others hold. Closed first are those that have sent no request for a while, then those that do not read their
 * response, and last those that are about to send a request or wait for a response; of each, the oldest first.
 */
export class ConnectionLimit {
  readonly #max: number;
  readonly #onClosed: () => void;
  /** The oldest first. */
  readonly #open = new Set<Connection>();
  #isScheduled = false;

  /** @param onClosed is called for each connection that is closed */
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
   * When many connections are accepted at once, none has been read yet. Two turns later each has been read, and requests that can
   * be answered at once have been answered.
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
    for (const goes of [isIdle, ({ hasUnreadResponse }: Connection) => hasUnreadResponse, () => true]) {
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
