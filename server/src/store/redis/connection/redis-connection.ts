import type { Cluster, Redis } from 'ioredis';
import type { Generation } from '../../../session/etag';
import type { StorePart } from '../../../session/session-store';
import type { Credentials } from './credentials';
import type { RedisClock } from './redis-clock';

export interface RedisConnectionListener {
  /** Commands began to succeed, or stopped. */
  readonly onReady: (ready: boolean) => void;
  /** An attempt to connect failed, a connection broke, or the server cannot be used. The same trouble is reported once. */
  readonly onTrouble: (error: Error) => void;
}

/**
 * The connection, or with a Cluster the connections, to Redis. Made at once, and replaced when one is lost, does not answer within
 * `maxSilenceMs`, or reaches a server that is no longer a master.
 */
export interface RedisConnection {
  readonly client: Redis | Cluster;
  /** The health of each server. */
  readonly parts: readonly StorePart[];
  /** Whether commands can be sent. Otherwise they would fail, or reach a server that must not be used. */
  readonly usable: boolean;
  /**
   * The server that holds a key.
   *
   * @returns `undefined` while it cannot be used
   */
  serverOf(key: string): Server | undefined;
  /** All servers that hold sessions; `undefined` while one of them cannot be used. */
  readonly servers: readonly Server[] | undefined;
  /** Which keys each of them holds, as a text. Rejects as a command of ioredis does. */
  layout(): Promise<string>;
  /** Uses other credentials from the next connection on. Open connections stay. */
  setCredentials(credentials: Credentials): void;
  close(): void;
}

/** One Redis server. */
export interface Server {
  readonly client: Redis;
  readonly clock: RedisClock;
  /** Changes when the connection is lost, or its server does not answer as a master. */
  readonly generation: Generation;
  /** Makes the clock known. Never rejects. */
  beat(): Promise<void>;
}
