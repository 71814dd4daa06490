import type { StoreObserver } from '../store/instrumented-store';
import type { ChangeFeedObserver } from '../store/redis/change-feed/redis-change-feed';
import type { NearCacheObserver } from '../store/redis/near-cache/near-cache';
import type { RecordReadObserver } from '../store/redis/encryption/session-codec';
import type { SubjectUpkeepObserver } from '../store/redis/subjects/upkeep';
import { latencyBuckets } from './metric-factory';
import type { MetricFactory } from './metric-factory';

export interface StoreMetrics
  extends StoreObserver, ChangeFeedObserver, NearCacheObserver, SubjectUpkeepObserver, RecordReadObserver {
  setStoreReady(ready: boolean): void;
}

export function storeMetrics(factory: MetricFactory): StoreMetrics {
  const duration = factory.histogram(
    'store_command_duration_seconds',
    'Time from a store command to its answer.',
    latencyBuckets,
    { label: 'command' },
  );
  const errors = factory.counter('store_errors_total', 'Failed store commands by reason.', 'command', 'reason');
  const ready = factory.gauge('store_ready', '1 while the store can be used, else 0.');
  const nearCacheReads = factory.counter(
    'near_cache_reads_total',
    'Reads that looked in the near cache, by whether it had the session (hit, miss).',
    'result',
  );
  const nearCacheReady = factory.gauge(
    'near_cache_ready',
    '1 while the near cache is active (Redis is sending invalidations), else 0.',
  );
  const changeFeedReady = factory.gauge(
    'change_feed_ready',
    '1 while Redis reports changes to client caches and the near cache, else 0, also while nothing caches.',
  );
  const upkeepFailures = factory.counter(
    'subject_upkeep_failures_total',
    'Renewals and removals of entries in the indexes of subjects that failed after their call was answered.',
  );
  const recordsRead = factory.counter(
    'records_read_total',
    'Records read from Redis while sessions are encrypted, and encrypted ones, by encryption: with the current key, with an old one, none, or failed because no key decrypts them.',
    'encryption',
  );
  for (const result of ['current', 'old', 'none', 'failed']) recordsRead.announce(result);
  for (const result of ['hit', 'miss']) nearCacheReads.announce(result);
  return {
    storeAnswered(command, milliseconds, errorReason) {
      duration.observe(milliseconds / 1000, command);
      if (errorReason !== undefined) errors.inc(command, errorReason);
    },
    nearCacheRead: (hit) => {
      nearCacheReads.inc(hit ? 'hit' : 'miss');
    },
    setNearCacheReady: (isReady) => {
      nearCacheReady.set(isReady ? 1 : 0);
    },
    setChangeFeedReady: (isReady) => {
      changeFeedReady.set(isReady ? 1 : 0);
    },
    recordRead: (result) => {
      recordsRead.inc(result);
    },
    subjectUpkeepFailed: () => {
      upkeepFailures.inc();
    },
    setStoreReady: (isReady) => {
      ready.set(isReady ? 1 : 0);
    },
  };
}
