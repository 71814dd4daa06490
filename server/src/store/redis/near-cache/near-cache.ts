import { LRUCache } from 'lru-cache';
import type { ChangeFeed, ChangeListener } from '../../../session/change-feed';
import type { Generation } from '../../../session/etag';
import type { SessionRecord } from '../../../session/session';

/** Approximate size of the objects of a cached session, without the bytes of the record. */
const overheadBytes = 1024;

/** Approximate size of the objects of a key, a flash queue or a message. */
const partOverheadBytes = 200;

/** How long cached sessions are trusted after Redis last confirmed the invalidation stream, in ms: the upper bound on staleness. */
export const maxStalenessMs = 1000;

export interface NearSession {
  readonly session: SessionRecord;
  readonly secretHash: string;
  readonly generation: Generation | undefined;
}

/** A read of a session in flight. */
export interface Reading {
  /** Keeps what was read, unless the session was changed meanwhile. */
  keep(read: NearSession, recordBytes: number): void;
  end(): void;
}

/** All reads of a session in flight since its last change. */
interface Readings {
  inFlight: number;
  isOutdated: boolean;
}

export interface NearCacheObserver {
  nearCacheRead(hit: boolean): void;
  /** Whether it can be used now. */
  setNearCacheReady(ready: boolean): void;
}

/**
 * Sessions as they were last read, as long as the change feed would have reported a change. It only returns sessions, never that
 * one does not exist. docs/decisions/0016-near-cache.md says how it is kept coherent.
 */
export class NearCache implements ChangeListener {
  readonly #feed: ChangeFeed;
  readonly #observer: NearCacheObserver;
  readonly #sessions: LRUCache<string, NearSession>;
  readonly #readings = new Map<string, Readings>();

  constructor(options: { readonly maxBytes: number; readonly feed: ChangeFeed; readonly observer: NearCacheObserver }) {
    this.#feed = options.feed;
    this.#observer = options.observer;
    this.#sessions = new LRUCache({ maxSize: options.maxBytes });
    options.feed.subscribe(this);
  }

  /** A secret other than the session's finds nothing, and is not rejected: the session may just have received it. */
  find(handle: string, secretHash: string): NearSession | undefined {
    const isTrusted = (this.#feed.confirmedAgeMs ?? Infinity) < maxStalenessMs;
    const near = isTrusted ? this.#sessions.get(handle) : undefined;
    const found = near?.secretHash === secretHash ? near : undefined;
    this.#observer.nearCacheRead(found !== undefined);
    return found;
  }

  /** To be called before a session is read from Redis. */
  begin(handle: string): Reading {
    let readings = this.#readings.get(handle);
    if (readings === undefined) {
      readings = { inFlight: 0, isOutdated: false };
      this.#readings.set(handle, readings);
    }
    readings.inFlight += 1;
    return this.#readingOf(handle, readings);
  }

  #readingOf(handle: string, readings: Readings): Reading {
    return {
      keep: (read, recordBytes) => {
        if (readings.isOutdated || this.#feed.confirmedAgeMs === undefined) return;
        const size = recordBytes + overheadBytes + partOverheadBytes * partsOf(read.session);
        this.#sessions.set(handle, read, { size });
      },
      end: () => {
        readings.inFlight -= 1;
        if (readings.inFlight === 0 && this.#readings.get(handle) === readings) this.#readings.delete(handle);
      },
    };
  }

  /** Earlier reads of the session are no longer used. */
  forget(handle: string): void {
    this.#sessions.delete(handle);
    const readings = this.#readings.get(handle);
    if (readings === undefined) return;
    readings.isOutdated = true;
    // Reads that start from now on see the change.
    this.#readings.delete(handle);
  }

  onChanged(handle: string): void {
    this.forget(handle);
  }

  onAllChanged(): void {
    this.#sessions.clear();
    for (const readings of this.#readings.values()) readings.isOutdated = true;
    // Reads that start from now on can be kept, unlike the earlier ones.
    this.#readings.clear();
    this.#observer.setNearCacheReady(this.#feed.confirmedAgeMs !== undefined);
  }
}

function partsOf({ data, flash }: SessionRecord): number {
  let parts = data.size + flash.size;
  for (const messages of flash.values()) parts += messages.length;
  return parts;
}
