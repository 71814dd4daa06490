import type { Logger } from 'pino';
import type { Config, LiveConfig } from './config';
import type { Metrics } from './metrics/metrics';
import { reportReplacedTokens } from './replaced-tokens';
import type { UnreadableRecordError } from './session/errors';
import type { SessionInventory } from './session/admin/session-inventory';
import type { EventLog } from './session/events/event-log';
import type { SessionEventObserver } from './session/events/session-event';
import type { DataCheck } from './session/data-rule';
import type { SessionStore } from './session/session-store';
import type { TestControl } from './session/test-control';
import { ControlledStore } from './store/memory/controlled-store';
import { MemoryEventLog } from './store/memory/memory-event-log';
import { MemoryStore } from './store/memory/memory-store';
import { instrumentStore } from './store/instrumented-store';
import type { Credentials } from './store/redis/connection/credentials';
import { connectRedis, createSubscriber } from './store/redis/connection/connect';
import { replaceCredentials } from './store/redis/connection/credentials';
import { ContentKeys } from './store/redis/encryption/content-keys';
import type { EncryptionKeys } from './store/redis/encryption/content-keys';
import { RedisEvents } from './store/redis/events/redis-events';
import { RedisStore } from './store/redis/redis-store';
import type { Tracing } from './tracing/tracing';

export interface StoreContext {
  readonly metrics: Metrics;
  readonly tracing: Tracing | undefined;
  /** Receives the events that are recorded. */
  readonly events: SessionEventObserver;
  /** What the data of sessions must be. */
  readonly dataCheck: DataCheck;
  readonly logger: Logger;
  /** Advice about an error of Redis, if there is any. */
  readonly advise: LiveConfig['advise'] | undefined;
}

export interface OpenedStore {
  readonly store: SessionStore;
  readonly events: EventLog;
  readonly inventory: SessionInventory;
  /** `undefined`: tests may not control the store. */
  readonly testControl?: TestControl | undefined;
  /** Sets the keys that encrypt sessions from now on; `undefined`: none. */
  readonly setEncryptionKeys: (keys: EncryptionKeys | undefined) => void;
  /** Sets the credentials for Redis and the Sentinels from the next connection on. */
  readonly setCredentials: (credentials: Credentials) => void;
}

/**
 * The configured store, measured and traced.
 *
 * @param onReadyChanged is called when the store became usable, or stopped being so
 */
export function openStore(
  config: Config,
  { metrics, tracing, events: observer, dataCheck, logger, advise }: StoreContext,
  onReadyChanged: (ready: boolean) => void,
): OpenedStore {
  const { expiry, limits, subjectLimit, eventRetentionMs: retentionMs } = config;
  const onReplacedToken = reportReplacedTokens(metrics, logger);
  switch (config.store.kind) {
    case 'memory': {
      metrics.setStoreReady(true);
      const events = new MemoryEventLog({ retentionMs, now: Date.now, observer });
      const options = {
        ...{ expiry, limits, dataCheck, subjectLimit, maxBytes: config.store.maxBytes, now: Date.now },
        ...{ events, onReplacedToken, subjects: metrics },
      };
      const testControl = config.store.testControl ? new ControlledStore(options) : undefined;
      const memory = testControl ?? new MemoryStore(options);
      const store = instrumentStore(memory, metrics);
      const { inventory } = memory;
      return { store, events, inventory, testControl, setEncryptionKeys: () => {}, setCredentials: () => {} };
    }
    case 'redis': {
      const { keyPrefix, expireKeys, nearCacheBytes, replication, ...options } = config.store.redis;
      const { commandTimeoutMs } = options;
      const onTrouble = (error: Error): void => {
        logger.warn({ err: error, advice: advise?.(error) }, 'Redis connection error');
      };
      const connection = connectRedis(options, {
        onReady: (ready) => {
          metrics.setStoreReady(ready);
          onReadyChanged(ready);
        },
        onTrouble,
      });
      const changes =
        options.mode === 'cluster'
          ? undefined
          : { subscriber: createSubscriber(options, onTrouble), observer: metrics, onTrouble };
      const nearCache =
        nearCacheBytes === undefined
          ? undefined
          : { maxBytes: nearCacheBytes, observer: tracing?.nearCache(metrics) ?? metrics };
      const settings = { expiry, limits, dataCheck, subjectLimit, keyPrefix, expireKeys, commandTimeoutMs };
      const onUnreadableDeleted = (error: UnreadableRecordError): void => {
        logger.warn({ err: error }, 'session ended although its record cannot be read');
      };
      const encryptionKeys = new ContentKeys(config.encryptionKeys);
      const events = new RedisEvents({ connection, keyPrefix, retentionMs, expiry, replication, observer });
      const store = new RedisStore({
        ...{ connection, ...settings, replication, changes, nearCache, events },
        subjects: metrics,
        encryption: { keys: encryptionKeys, observer: metrics },
        onUnreadableDeleted,
        onReplacedToken,
      });
      return {
        store: instrumentStore(tracing?.store(store) ?? store, metrics),
        events: events.log,
        inventory: store.inventory,
        setEncryptionKeys: (keys) => {
          encryptionKeys.replace(keys);
        },
        setCredentials: (credentials) => {
          connection.setCredentials(credentials);
          if (changes !== undefined) replaceCredentials(changes.subscriber, credentials);
        },
      };
    }
  }
}
