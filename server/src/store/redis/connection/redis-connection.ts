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
 * The connection, or with a Cluster the connections, to Redis. Made at once, and again whenever one is lost, does not answer
 * within `maxSilenceMs`, or leads to a server that is no master any more.
 */
export interface RedisConnection {
  readonly client: Redis | Cluster;
  /** What commands experience, by server. */
  readonly parts: readonly StorePart[];
  /** Whether commands can be sent. When not, they would fail, or find a server that must not be asked. */
  readonly usable: boolean;
  /**
   * The server that holds a key.
   *
   * @returns `undefined` while it cannot be asked
   */
  serverOf(key: string): Server | undefined;
  /** Identifies itself otherwise from the next connection on. Open connections stay. */
  setCredentials(credentials: Credentials): void;
  close(): void;
}

/** One Redis server. */
export interface Server {
  readonly client: Redis;
  readonly clock: RedisClock;
  /** Another one since the connection was lost, or since its server did not answer as a master does. */
  readonly generation: Generation;
  /** Has the clock known. Never rejects. */
  beat(): Promise<void>;
}
