import { LRUCache } from 'lru-cache';

/** Sessions that are remembered at most: about 100 bytes each. */
const maxRemembered = 100_000;

/**
 * Remembers until when a session that was loaded needs no decision of Redis's clock: no access is due to be recorded, and it
 * does not end by its record. Until then a plain read of the record is a whole load. Times are of this process's own
 * monotonic clock, so that no clocks have to agree.
 */
export class RecentLoads {
  readonly #plainUntil = new LRUCache<string, number>({ max: maxRemembered });

  /** @param milliseconds for how long from `since`, by `performance.now()`, before Redis was asked */
  remember(handle: string, since: number, milliseconds: number): void {
    if (milliseconds > 0) this.#plainUntil.set(handle, since + milliseconds);
  }

  isPlain(handle: string): boolean {
    const until = this.#plainUntil.get(handle);
    return until !== undefined && performance.now() < until;
  }

  forget(handle: string): void {
    this.#plainUntil.delete(handle);
  }
}
