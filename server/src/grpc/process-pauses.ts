/** How often the process notes that it runs. */
const tickMs = 50;

/** A gap of less than this between two ticks is a busy event loop. */
const pauseMs = 100;

/**
 * Notices when the process stood still: stopped by a signal, starved of CPU, blocked by one long task. Requests that came
 * meanwhile are found in its sockets afterwards. gRPC's timeouts are relative, so nothing in them says that their callers gave
 * up long ago.
 */
export class ProcessPauses {
  readonly #timer = setInterval(() => this.#tick(performance.now()), tickMs).unref();
  #tickedAt = performance.now();
  /** Until the first tick in time: what came during a pause is read within a few turns of the event loop. */
  #pausedSince: number | undefined;

  /** @returns for how long what is read at `now`, by `performance.now()`, may have waited for that, in ms */
  waitAt(now: number): number {
    if (this.#pausedSince !== undefined) return now - this.#pausedSince;
    const gap = now - this.#tickedAt;
    return gap >= pauseMs ? gap : 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(now: number): void {
    this.#pausedSince = now - this.#tickedAt >= pauseMs ? now - this.waitAt(now) : undefined;
    this.#tickedAt = now;
  }
}
