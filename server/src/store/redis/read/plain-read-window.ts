import { LRUCache } from 'lru-cache';

/** Sessions that are remembered at most: about 100 bytes each. */
const maxRemembered = 100_000;

interface Window {
  readonly plainUntil: number;
  readonly idleTimeout: number | undefined;
}

/**
 * Remembers until when a session that was loaded needs no decision of Redis's clock: no access is due to be recorded, and it
 * does not end by its record. Until then a plain read of the record is a whole load, if it still has the idle timeout that
 * this was computed from. Times are of this process's own monotonic clock, so that no clocks have to agree.
 */
export class PlainReadWindow {
  readonly #loads = new LRUCache<string, Window>({ max: maxRemembered });

  /** @param milliseconds for how long from `since`, by `performance.now()`, before Redis was asked */
  remember(handle: string, idleTimeout: number | undefined, since: number, milliseconds: number): void {
    if (milliseconds > 0) this.#loads.set(handle, { plainUntil: since + milliseconds, idleTimeout });
  }

  /** @returns `undefined` when only a script can load the session. */
  find(handle: string): Window | undefined {
    // The oldest are the first to be of no use, so nothing is gained from telling the cache that one was used.
    const load = this.#loads.peek(handle);
    return load !== undefined && performance.now() < load.plainUntil ? load : undefined;
  }

  forget(handle: string): void {
    this.#loads.delete(handle);
  }
}
