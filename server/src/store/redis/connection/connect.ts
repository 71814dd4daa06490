import { Cluster } from 'ioredis';
import type { Redis } from 'ioredis';
import { createClient } from './client-options';
import type { RedisConnectionOptions } from './client-options';
import { ClusterConnection } from './cluster-connection';
import type { RedisConnection, RedisConnectionListener } from './redis-connection';
import { SingleConnection } from './single-connection';

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

/** A connection to the same Redis for pub/sub messages. Not connected yet. A Cluster is not supported. */
export function createSubscriber(options: RedisConnectionOptions, onTrouble: (error: Error) => void): Redis {
  // ioredis drops the invalidation messages of RESP3.
  const client = createClient(options, {
    protocol: 2,
    autoResubscribe: false,
    lazyConnect: true,
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

/** Attempts to connect repeat the same error ten times a second; each error is reported once. */
function reportOnce(onTrouble: (error: Error) => void) {
  const reported = new Set<string>();
  return {
    report: (error: Error): void => {
      // The message is empty if a host with several addresses is unreachable; it may contain the time of the next attempt.
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
