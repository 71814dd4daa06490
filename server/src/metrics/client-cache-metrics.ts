import type { ChangeReportObserver, CopyObserver, CopyReadResult } from '../rpc/copies';
import type { MetricFactory } from './metric-factory';

/** All of them, so that each series exists before its first event. */
const readResults: Readonly<Record<CopyReadResult, true>> = { validated: true, missed: true };

/** What the sidecar sees of client caches. Reads that they answer alone do not reach it. */
export interface ClientCacheMetrics extends CopyObserver, ChangeReportObserver {}

export function clientCacheMetrics(factory: MetricFactory): ClientCacheMetrics {
  const reads = factory.counter(
    'client_cache_reads_total',
    'GetSession calls of clients with a cache, by whether their copy was current (validated) or the session was sent (missed).',
    'result',
  );
  const changes = factory.counter(
    'client_cache_changes_total',
    'Changes reported to clients with a cache, once per stream.',
  );
  const allChanged = factory.counter(
    'client_cache_all_changed_total',
    'Reports to clients with a cache that anything may have changed, once per stream.',
  );
  for (const result of Object.keys(readResults)) reads.announce(result);
  let streams = 0;
  factory.observedGauge(
    'client_cache_streams',
    'Streams of clients with a cache that are sent changes.',
    () => streams,
  );
  return {
    copyRead: (result) => {
      reads.inc(result);
    },
    changesReported: (count) => {
      changes.add(count);
    },
    allChangesReported: () => {
      allChanged.inc();
    },
    changeStreams: (difference) => {
      streams += difference;
    },
  };
}
