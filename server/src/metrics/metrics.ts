import { collectDefaultMetrics } from 'prom-client';
import type { Registry } from 'prom-client';
import type { RpcObserver } from '../rpc/dispatcher';
import type { ReplacedTokenObserver, SessionEvents } from '../session/session-events';
import type { SubjectLimitObserver } from '../session/subject-limit';
import { MetricFactory } from './metric-factory';
import { processMetrics } from './process-metrics';
import type { BuildInfo, ProcessMetrics } from './process-metrics';
import { rpcMetrics } from './rpc-metrics';
import type { ExemplarLabels } from './fast-metrics';
import { eventMetrics } from './event-metrics';
import type { EventMetrics } from './event-metrics';
import { adminMetrics } from './admin-metrics';
import type { AdminMetrics } from './admin-metrics';
import { clientCacheMetrics } from './client-cache-metrics';
import type { ClientCacheMetrics } from './client-cache-metrics';
import { sessionMetrics } from './session-metrics';
import { storeMetrics } from './store-metrics';
import type { StoreMetrics } from './store-metrics';

/** Everything that the sidecar counts: the observers of its parts. */
export interface Metrics
  extends
    RpcObserver,
    SessionEvents,
    ReplacedTokenObserver,
    SubjectLimitObserver,
    StoreMetrics,
    ClientCacheMetrics,
    EventMetrics,
    AdminMetrics,
    ProcessMetrics {}

/**
 * One set of metrics on a registry of its own; label values come from closed sets, so the number of series is bounded.
 *
 * @param exemplar identifies the trace of the call that is being counted
 */
export function createMetrics(registry: Registry, build: BuildInfo, exemplar?: () => ExemplarLabels): Metrics {
  const factory = new MetricFactory(registry);
  const metrics: Metrics = {
    ...rpcMetrics(factory, exemplar),
    ...sessionMetrics(factory),
    ...storeMetrics(factory),
    ...clientCacheMetrics(factory),
    ...eventMetrics(factory),
    ...adminMetrics(factory),
    ...processMetrics(factory, build),
  };
  collectDefaultMetrics({ register: registry });
  return metrics;
}
