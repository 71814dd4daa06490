/** Options of the client's cache of sessions. */
export interface CacheOptions {
  /**
   * The maximum size of the cache, in bytes: approximately what it holds in the application's memory, decoded values included.
   * The sessions used least recently are dropped first. A session of 300 bytes takes about 3 KB.
   */
  readonly maxBytes: number;
}

/** What the cache has done since the client was created, and what it holds. */
export interface CacheStatistics {
  /** Sessions that were opened from memory, without a call. */
  readonly live: number;
  /** Sessions that were opened from memory after the sidecar has confirmed them. */
  readonly validated: number;
  /** Sessions that the sidecar has sent, because the cache did not have them or they had changed. */
  readonly missed: number;
  /** Changes that the sidecar has reported, of sessions in the cache or not. */
  readonly reported: number;
  /** Sessions in the cache. */
  readonly sessions: number;
  /** Their approximate size, in bytes. */
  readonly bytes: number;
}

/** @throws TypeError or RangeError for options that are not valid */
export function assertCacheOptions(options: unknown): asserts options is CacheOptions {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`Expected \`cache\` to be an object with \`maxBytes\`, got \`${String(options)}\``);
  }
  const { maxBytes } = options as { readonly maxBytes?: unknown };
  if (typeof maxBytes === 'number' && maxBytes >= 1 && Number.isFinite(maxBytes)) return;
  throw new RangeError(
    `Expected \`cache.maxBytes\` to be a number of bytes from 1 up, got \`${String(maxBytes)}\` (${typeof maxBytes})`,
  );
}
