import type { Redis } from 'ioredis';
import { variable } from '../../../setting-names';

export interface ClientTrackingListener {
  /**
   * Every invalidation until `askedAt`, by `performance.now()`, has been received. From the first one on, Redis reports every
   * change to a key that is read after this.
   */
  onConfirmed(askedAt: number): void;
  /** Keys were changed or removed; `undefined`: any may have been. */
  onInvalidated(keys: readonly string[] | undefined): void;
  /** Invalidations may have been lost. */
  onLost(): void;
}

export interface ClientTrackingOptions {
  /** The connection whose reads are tracked. */
  readonly data: Redis;
  /** The connection on which Redis sends invalidations, used for nothing else. Connected by {@link ClientTracking.start}. */
  readonly subscriber: Redis;
  readonly listener: ClientTrackingListener;
  /** Tracking could not be turned on and will be retried. The same error is reported once. */
  readonly onTrouble: (error: Error) => void;
}

/** A quarter of the maximum staleness, so that a single late answer does not empty the cache. */
const checkIntervalMs = 250;
const retryMs = 1000;

/** The channel of RESP2 connections (https://redis.io/docs/latest/develop/reference/client-side-caching/#two-connections-mode). */
const channel = '__redis__:invalidate';

/**
 * Subscribes to Redis's client-side-caching invalidations for the data connection, on a dedicated RESP2 connection. If either
 * connection drops, Redis forgets which keys it was tracking.
 *
 * Redis forgets a key, too, when it has reported a change to it, until the key is read again. It does not report changes that
 * the data connection makes itself (NOLOOP), and forgets their keys all the same: what makes them has to read the key again.
 */
export class ClientTracking {
  readonly #options: ClientTrackingOptions;
  #attempt = 0;
  #isTracking = false;
  /** Once subscribed, a connection cannot ask for its client id. */
  #isSubscribed = false;
  #isStarted = false;
  #reportedTrouble: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ClientTrackingOptions) {
    this.#options = options;
    const { data, subscriber, listener } = options;
    for (const connection of [data, subscriber]) {
      connection.on('ready', () => {
        this.#begin();
      });
      connection.on('close', () => {
        this.#lose();
      });
    }
    subscriber.on('close', () => {
      this.#isSubscribed = false;
    });
    subscriber.on('messageBuffer', (_channel: Buffer, keys: unknown) => {
      listener.onInvalidated(keys === null ? undefined : (keys as readonly Buffer[]).map((key) => key.toString()));
    });
    subscriber.on('end', () => {
      if (this.#isStarted) setTimeout(() => this.#connect(), retryMs).unref();
    });
  }

  get isStarted(): boolean {
    return this.#isStarted;
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#timer = setInterval(() => void this.#check(), checkIntervalMs).unref();
    this.#connect();
    this.#begin();
  }

  stop(): void {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    clearInterval(this.#timer);
    const { data, subscriber } = this.#options;
    this.#lose();
    if (data.status === 'ready') data.client('TRACKING', 'OFF').catch(() => {});
    subscriber.disconnect();
  }

  /**
   * Redis sends pending invalidations before it answers a PING on the same connection. The data connection is pinged too: if
   * Redis has closed it, Redis has forgotten what was read, and sends no invalidations.
   */
  async #check(): Promise<void> {
    if (!this.#isTracking) return;
    const attempt = this.#attempt;
    const { data, subscriber, listener } = this.#options;
    const askedAt = performance.now();
    try {
      await Promise.all([subscriber.ping(), data.ping()]);
      if (attempt === this.#attempt) listener.onConfirmed(askedAt);
    } catch {
      // A connection that does not answer may have lost messages; a new one begins anew.
      if (attempt === this.#attempt) this.#reconnect();
    }
  }

  #connect(): void {
    const { subscriber } = this.#options;
    const isAtRest = subscriber.status === 'wait' || subscriber.status === 'end';
    if (this.#isStarted && isAtRest) subscriber.connect().catch(() => {});
  }

  #begin(): void {
    this.#lose();
    const { data, subscriber } = this.#options;
    if (data.status !== 'ready' || subscriber.status !== 'ready' || !this.#isStarted) return;
    if (this.#isSubscribed) {
      this.#reconnect();
      return;
    }
    const attempt = this.#attempt;
    this.#track(attempt).catch((error: unknown) => {
      if (attempt !== this.#attempt) return;
      this.#report(error as Error);
      setTimeout(() => {
        if (attempt === this.#attempt) this.#reconnect();
      }, retryMs).unref();
    });
  }

  async #track(attempt: number): Promise<void> {
    const { data, subscriber } = this.#options;
    const [id, here, there] = await Promise.all([subscriber.client('ID'), runIdOf(data), runIdOf(subscriber)]);
    // During a failover, the two may be connected to different servers, on which the same id is another client.
    if (here === undefined || here !== there) {
      throw new Error('Could not verify that both Redis connections reach the same server.');
    }
    this.#isSubscribed = true;
    await subscriber.subscribe(channel);
    if (attempt !== this.#attempt) return;
    await data.client('TRACKING', 'ON', 'REDIRECT', id, 'NOLOOP');
    if (attempt !== this.#attempt) return;
    this.#isTracking = true;
    this.#reportedTrouble = undefined;
    await this.#check();
  }

  #report(cause: Error): void {
    const { message } = cause;
    if (message === this.#reportedTrouble) return;
    this.#reportedTrouble = message;
    const effect = `Redis reports no changes: client caches only validate, ${variable('nearCacheBytes')} is inactive`;
    this.#options.onTrouble(new Error(`${effect}: ${message}`, { cause }));
  }

  #lose(): void {
    this.#attempt += 1;
    if (!this.#isTracking) return;
    this.#isTracking = false;
    this.#options.listener.onLost();
  }

  /** Its next `ready` starts anew. */
  #reconnect(): void {
    this.#lose();
    if (this.#isStarted) this.#options.subscriber.disconnect(true);
  }
}

async function runIdOf(connection: Redis): Promise<string | undefined> {
  return /^run_id:(\w+)/m.exec(await connection.info('server'))?.[1];
}
