import type { RpcObserver } from '../rpc/dispatcher';
import type { RefusalLimit, RefusalObserver } from '../rpc/refusals';
import { latencyBuckets } from './metric-factory';
import type { MetricFactory } from './metric-factory';
import type { ExemplarLabels } from './fast-metrics';

/** All of them, so that each series exists before its first event. */
const refusalLimits: Readonly<Record<RefusalLimit, true>> = {
  admin_calls: true,
  admin_token: true,
  api_token: true,
  calls_in_flight: true,
  compression: true,
  connections: true,
  frame: true,
  handshake: true,
  health_watches: true,
  keepalive: true,
  mutations: true,
  paused: true,
  pipelines: true,
  reply_buffer: true,
  request_buffer: true,
  request_time: true,
  streams: true,
  watchers: true,
};

/** @param exemplar identifies the trace of the call that is being counted */
export function rpcMetrics(factory: MetricFactory, exemplar?: () => ExemplarLabels): RpcObserver & RefusalObserver {
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
  const refusals = factory.counter(
    'refusals_total',
    'Calls refused and connections closed to protect other clients, by limit; api_token counts calls without a valid API token.',
    'limit',
  );
  for (const limit of Object.keys(refusalLimits)) refusals.announce(limit);
  let inFlight = 0;
  factory.observedGauge('rpcs_in_flight', 'Calls in flight.', () => inFlight);
  return {
    rpcStarted() {
      inFlight += 1;
    },
    refused: (limit) => {
      refusals.inc(limit);
    },
    rpcEnded(method, status, milliseconds) {
      inFlight -= 1;
      rpcs.inc(method, status);
      duration.observe(milliseconds / 1000, method);
    },
  };
}
