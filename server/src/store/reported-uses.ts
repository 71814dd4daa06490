import { FifoMap } from '../fifo-map';

/** Minimum time between two events of one session, in ms: a stolen token is used again and again, and the metric counts each use. */
const pauseMs = 60_000;

/** If more sessions are concerned at once, some are reported more often. */
const maxSessions = 1000;

/** The sessions whose replaced tokens this sidecar has seen in use a short while ago. */
export class ReportedUses {
  readonly #at = new FifoMap<string, number>(maxSessions);

  /** Whether an event is due for a session, which then counts as recorded. */
  isDue(handle: string): boolean {
    const now = performance.now();
    if (now - (this.#at.get(handle) ?? -Infinity) < pauseMs) return false;
    this.#at.delete(handle);
    this.#at.set(handle, now);
    return true;
  }

  /** The event could not be recorded. */
  forget(handle: string): void {
    this.#at.delete(handle);
  }
}
