import { FifoMap } from '../../../fifo-map';
import { touchIntervalOf } from '../../../session/session';
import type { ExpiryPolicy, SessionMetadata } from '../../../session/session';

/** About 100 bytes each. The oldest windows end first, so they are forgotten first. */
const maxWindows = 100_000;

interface Window {
  readonly until: number;
  /** The window was computed from it: with another one in the record, the window does not apply. */
  readonly idleTimeout: number | undefined;
  /** About how long the record was then. */
  readonly recordBytes: number;
}

/**
 * How long a plain GET suffices to load a session, because no access is due to be recorded and the session does not expire. Times
 * are by this process's monotonic clock, so clocks need not agree.
 */
export class PlainReadWindow {
  readonly #windows = new FifoMap<string, Window>(maxWindows);
  readonly #expiry: ExpiryPolicy;
  readonly #expireKeys: boolean;

  constructor({ expiry, expireKeys }: { readonly expiry: ExpiryPolicy; readonly expireKeys: boolean }) {
    this.#expiry = expiry;
    this.#expireKeys = expireKeys;
  }

  /**
   * @param metadata what Redis said of the session
   * @param requestedAt when Redis was asked, by `performance.now()`
   * @param now the time of Redis when it answered, which is later
   * @param recordBytes how long the record is, more or less
   */
  open(handle: string, metadata: SessionMetadata, requestedAt: number, now: number, recordBytes: number): void {
    // Without TTLs, only a script knows whether a session has expired.
    if (!this.#expireKeys) return;
    const { accessed, idleTimeout, expires = Infinity } = metadata;
    const touchDue = accessed + touchIntervalOf(this.#expiry, idleTimeout);
    const milliseconds = Math.min(touchDue, expires) - now;
    if (milliseconds > 0) this.#windows.set(handle, { until: requestedAt + milliseconds, idleTimeout, recordBytes });
  }

  /** @returns `undefined` if only a script can load the session */
  find(handle: string): Window | undefined {
    const window = this.#windows.get(handle);
    return window !== undefined && performance.now() < window.until ? window : undefined;
  }

  /** For how many milliseconds the session needs no script; 0: the next read does. */
  remainingMs(handle: string): number {
    const window = this.find(handle);
    return window === undefined ? 0 : window.until - performance.now();
  }

  close(handle: string): void {
    this.#windows.delete(handle);
  }
}
