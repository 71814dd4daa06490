import { metrics } from '@opentelemetry/api';
import type { BatchObservableCallback } from '@opentelemetry/api';
import type { CacheStatistics } from './options';

/** The results of opening a session; {@link CacheStatistics} says what they mean. */
const results = ['live', 'validated', 'missed'] as const;

/** Clients with a cache that this process has created. Clients of one address must not report under the same attributes. */
let clients = 0;

/**
 * Reports what a cache counts to the application's meter provider, whenever that collects. Opening a session costs nothing more
 * for it, and without a meter provider nothing is kept or called.
 *
 * @param address of the sidecar
 * @returns ends the reports
 */
export function reportCache(statistics: () => CacheStatistics, address: string): () => void {
  const meter = metrics.getMeter('@session-sidecar/client');
  const opened = meter.createObservableCounter('session_sidecar.client.cache.opened', {
    description: 'Sessions opened by result: live without a call, validated by a small call, or missed.',
    unit: '{session}',
  });
  const reported = meter.createObservableCounter('session_sidecar.client.cache.reported', {
    description: 'Changes that the sidecar has reported, of sessions in the cache or not.',
    unit: '{change}',
  });
  const sessions = meter.createObservableUpDownCounter('session_sidecar.client.cache.sessions', {
    description: 'Sessions in the cache.',
    unit: '{session}',
  });
  const size = meter.createObservableUpDownCounter('session_sidecar.client.cache.size', {
    description: 'Approximate size of the sessions in the cache, as `maxBytes` counts it.',
    unit: 'By',
  });
  clients += 1;
  const client = { 'server.address': address, 'session_sidecar.client.number': clients };
  const observe: BatchObservableCallback = (observer) => {
    const now = statistics();
    for (const result of results) observer.observe(opened, now[result], { ...client, result });
    observer.observe(reported, now.reported, client);
    observer.observe(sessions, now.sessions, client);
    observer.observe(size, now.bytes, client);
  };
  const instruments = [opened, reported, sessions, size];
  meter.addBatchObservableCallback(observe, instruments);
  return () => meter.removeBatchObservableCallback(observe, instruments);
}
