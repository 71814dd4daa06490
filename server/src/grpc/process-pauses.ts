/** Interval of the ticks, in ms. */
const tickMs = 50;

/** A shorter gap between two ticks is a busy event loop, not a pause. */
const pauseMs = 100;

/**
 * Detects when the process was paused: stopped by a signal, starved of CPU, blocked by one long task. Requests that arrived
 * meanwhile are read afterwards, and their timeouts, which are relative in gRPC, do not show that their callers stopped waiting
 * long ago.
 */
export class ProcessPauses {
  readonly #timer = setInterval(() => this.#tick(), tickMs).unref();
  #tickedAt = uptimeMs();
  /** Set until the first tick on time: requests that arrived during a pause are read within a few turns of the event loop. */
  #pausedSince: number | undefined;

  /** How long data that is read now may have waited, in ms. */
  get waitMs(): number {
    const now = uptimeMs();
    if (this.#pausedSince !== undefined) return now - this.#pausedSince;
    const gap = now - this.#tickedAt;
    return gap >= pauseMs ? gap : 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const { waitMs } = this;
    const now = uptimeMs();
    this.#pausedSince = now - this.#tickedAt >= pauseMs ? now - waitMs : undefined;
    this.#tickedAt = now;
  }
}

/** Monotonic. Not `performance.now()`, which tests move. */
function uptimeMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
