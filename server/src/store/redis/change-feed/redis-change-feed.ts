import type { Redis } from 'ioredis';
import type { ChangeFeed, ChangeListener } from '../../../session/change-feed';
import { ChangeBroadcast } from '../../change-broadcast';
import { ClientTracking } from './client-tracking';

export interface RedisChangeFeedOptions {
  /** The connection on which sessions are read. */
  readonly data: Redis;
  /** A connection to the same Redis, for invalidations only. Connected when it is needed; the feed closes it. */
  readonly subscriber: Redis;
  /** The prefix of a session's key, before the handle. */
  readonly keyPrefix: string;
  readonly observer: ChangeFeedObserver;
  /** Redis does not send invalidations, so changes cannot be reported. */
  readonly onTrouble: (error: Error) => void;
}

export interface ChangeFeedObserver {
  /** Whether changes are reported now. */
  setChangeFeedReady(ready: boolean): void;
}

/** Keeps tracking on while clients replace their streams: turning it on takes several round trips on two connections. */
const lingerMs = 10_000;

/**
 * The changes that Redis reports and those that this sidecar makes itself, which Redis does not report back (NOLOOP). Without
 * listeners, Redis tracks nothing.
 */
export class RedisChangeFeed implements ChangeFeed {
  readonly #broadcast = new ChangeBroadcast();
  readonly #tracking: ClientTracking;
  readonly #observer: ChangeFeedObserver;
  #confirmedAt: number | undefined;
  #linger: NodeJS.Timeout | undefined;

  constructor({ data, subscriber, keyPrefix, observer, onTrouble }: RedisChangeFeedOptions) {
    this.#observer = observer;
    this.#tracking = new ClientTracking({
      data,
      subscriber,
      onTrouble,
      listener: {
        onConfirmed: (askedAt) => this.#confirm(askedAt),
        onInvalidated: (keys) => {
          if (keys === undefined) this.#broadcast.allChanged();
          else for (const key of keys) this.#broadcast.changed(key.slice(keyPrefix.length), undefined);
        },
        onLost: () => this.#lose(),
      },
    });
  }

  subscribe(listener: ChangeListener): () => void {
    clearTimeout(this.#linger);
    const unsubscribe = this.#broadcast.subscribe(listener);
    this.#tracking.start();
    return () => {
      unsubscribe();
      if (!this.#broadcast.isEmpty) return;
      clearTimeout(this.#linger);
      this.#linger = setTimeout(() => this.#tracking.stop(), lingerMs).unref();
    };
  }

  get confirmedAgeMs(): number | undefined {
    return this.#confirmedAt === undefined ? undefined : performance.now() - this.#confirmedAt;
  }

  /** Whether Redis must track what this sidecar reads and changes. */
  get isTracking(): boolean {
    return this.#tracking.isStarted;
  }

  /** Reports a change that this sidecar has made, or may have made. */
  changed(handle: string, version: number | undefined): void {
    this.#broadcast.changed(handle, version);
  }

  close(): void {
    clearTimeout(this.#linger);
    this.#tracking.stop();
  }

  #confirm(askedAt: number): void {
    const isFirst = this.#confirmedAt === undefined;
    this.#confirmedAt = askedAt;
    if (!isFirst) return;
    // Earlier reads are not tracked.
    this.#broadcast.allChanged();
    this.#observer.setChangeFeedReady(true);
  }

  #lose(): void {
    this.#confirmedAt = undefined;
    this.#broadcast.allChanged();
    this.#observer.setChangeFeedReady(false);
  }
}
