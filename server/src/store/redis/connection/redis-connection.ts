import { Cluster } from 'ioredis';
import type { Redis } from 'ioredis';
import type { StorePart } from '../../../session/session-store';
import { createClient } from './client-options';
import type { RedisConnectionOptions } from './client-options';
import { ClusterConnection } from './cluster-connection';
import type { Credentials } from './credentials';
import type { RedisClock } from './redis-clock';
import { SingleConnection } from './single-connection';

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
  /** Has the clock known. Never rejects. */
  beat(): Promise<void>;
}

export function connectRedis(options: RedisConnectionOptions, listener: RedisConnectionListener): RedisConnection {
  const troubles = reportOnce(listener.onTrouble);
  const once: RedisConnectionListener = {
    onTrouble: troubles.report,
    onReady: (ready) => {
      if (ready) troubles.forget();
      listener.onReady(ready);
    },
  };
  const client = createClient(options);
  return client instanceof Cluster ? new ClusterConnection(client, once) : new SingleConnection(client, options, once);
}

/** Connects to the same Redis to be sent its messages. A Cluster is not supported. */
export function connectSubscriber(options: RedisConnectionOptions, onTrouble: (error: Error) => void): Redis {
  // ioredis drops the invalidation messages of RESP3.
  const client = createClient(options, {
    protocol: 2,
    autoResubscribe: false,
    connectionName: 'session-sidecar-changes',
  });
  if (client instanceof Cluster) {
    client.disconnect();
    throw new TypeError('Expected a single Redis or one behind Sentinels, got a Cluster.');
  }
  const troubles = reportOnce(onTrouble);
  client.on('error', troubles.report);
  client.on('ready', troubles.forget);
  return client;
}

/** Every attempt to connect meets the same troubles, ten times a second; once is enough to know. */
function reportOnce(onTrouble: (error: Error) => void) {
  const reported = new Set<string>();
  return {
    report: (error: Error): void => {
      // The message is empty when a host with several addresses cannot be reached; it may say when the next attempt is.
      const trouble = `${error.name} ${error.message.replaceAll(/[\d.]+ms/g, '')}`;
      if (reported.has(trouble)) return;
      reported.add(trouble);
      onTrouble(error);
    },
    forget: (): void => {
      reported.clear();
    },
  };
}
