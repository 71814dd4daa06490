import { LRUCache } from 'lru-cache';
import type { SessionRecord } from '../../../session/session';
import type { ClientTrackingListener } from './client-tracking';

/** Approximate size of the objects of a cached session, without the bytes of the record. */
const overheadBytes = 1024;

/** Approximate size of the objects of a key, a flash queue or a message. */
const partOverheadBytes = 200;

/** How long cached sessions are trusted after Redis last confirmed the invalidation stream, in ms: the upper bound on staleness. */
export const maxStalenessMs = 1000;

export interface NearSession {
  readonly session: SessionRecord;
  readonly secretHash: string;
}

/** A read of a session that Redis has not answered yet. */
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
 * Sessions as they were last read, for as long as Redis would have reported a change. It only answers what a session is, never
 * that there is none. docs/decisions/0016-near-cache.md says how it is kept coherent.
 */
export class NearCache implements ClientTrackingListener {
  readonly #keyPrefix: string;
  readonly #observer: NearCacheObserver;
  readonly #sessions: LRUCache<string, NearSession>;
  readonly #readings = new Map<string, Readings>();
  /** By `performance.now()`; `undefined`: Redis sends no invalidations. */
  #trustedUntil: number | undefined;

  constructor(options: {
    readonly maxBytes: number;
    readonly keyPrefix: string;
    readonly observer: NearCacheObserver;
  }) {
    this.#keyPrefix = options.keyPrefix;
    this.#observer = options.observer;
    this.#sessions = new LRUCache({ maxSize: options.maxBytes });
  }

  /** Another secret than that of the session finds nothing, and is not refused: the session may have got it a moment ago. */
  find(handle: string, secretHash: string): SessionRecord | undefined {
    const isTrusted = this.#trustedUntil !== undefined && performance.now() < this.#trustedUntil;
    const near = isTrusted ? this.#sessions.get(handle) : undefined;
    const found = near?.secretHash === secretHash ? near.session : undefined;
    this.#observer.nearCacheRead(found !== undefined);
    return found;
  }

  /** To be called before Redis is asked for a session. */
  begin(handle: string): Reading {
    let readings = this.#readings.get(handle);
    if (readings === undefined) {
      // What is read while Redis sends no invalidations cannot be kept.
      readings = { inFlight: 0, isOutdated: this.#trustedUntil === undefined };
      this.#readings.set(handle, readings);
    }
    readings.inFlight += 1;
    return this.#readingOf(handle, readings);
  }

  #readingOf(handle: string, readings: Readings): Reading {
    return {
      keep: (read, recordBytes) => {
        if (readings.isOutdated) return;
        const size = recordBytes + overheadBytes + partOverheadBytes * partsOf(read.session);
        this.#sessions.set(handle, read, { size });
      },
      end: () => {
        readings.inFlight -= 1;
        if (readings.inFlight === 0 && this.#readings.get(handle) === readings) this.#readings.delete(handle);
      },
    };
  }

  /** Nothing that was read of the session so far is used any more. */
  forget(handle: string): void {
    this.#sessions.delete(handle);
    const readings = this.#readings.get(handle);
    if (readings === undefined) return;
    readings.isOutdated = true;
    // Reads that begin from now on will see the change.
    this.#readings.delete(handle);
  }

  onTracking(): void {
    this.#trustedUntil = -Infinity;
    // Reads that begin from now on have nothing to do with those that cannot be kept.
    this.#readings.clear();
    this.#observer.setNearCacheReady(true);
  }

  onConfirmed(askedAt: number): void {
    this.#trustedUntil = askedAt + maxStalenessMs;
  }

  onInvalidated(keys: readonly string[] | undefined): void {
    if (keys === undefined) this.#forgetAll();
    else for (const key of keys) this.forget(key.slice(this.#keyPrefix.length));
  }

  onLost(): void {
    this.#trustedUntil = undefined;
    this.#observer.setNearCacheReady(false);
    this.#forgetAll();
  }

  #forgetAll(): void {
    this.#sessions.clear();
    for (const readings of this.#readings.values()) readings.isOutdated = true;
    this.#readings.clear();
  }
}

function partsOf({ data, flash }: SessionRecord): number {
  let parts = data.size + flash.size;
  for (const messages of flash.values()) parts += messages.length;
  return parts;
}
