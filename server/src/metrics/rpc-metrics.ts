import type { RpcObserver } from '../grpc/dispatcher';
import { latencyBuckets } from './metric-factory';
import type { MetricFactory } from './metric-factory';
import type { ExemplarLabels } from './series';

/** @param exemplar identifies the trace of the call that is being counted */
export function rpcMetrics(factory: MetricFactory, exemplar?: () => ExemplarLabels): RpcObserver {
  const rpcs = factory.counter('rpcs_total', 'Completed calls by method and gRPC status.', 'method', 'status');
  const duration = factory.histogram(
    'rpc_duration_seconds',
    'Time from receiving a call to answering it.',
    latencyBuckets,
    {
      label: 'method',
      exemplar,
    },
  );
  let inFlight = 0;
  factory.observedGauge('rpcs_in_flight', 'Calls in flight.', () => inFlight);
  return {
    rpcStarted() {
      inFlight += 1;
    },
    rpcEnded(method, status, milliseconds) {
      inFlight -= 1;
      rpcs.inc(method, status);
      duration.observe(milliseconds / 1000, method);
    },
  };
}
