import { randomBytes } from 'node:crypto';
import type { Collector, ExportedSpan } from './collector';
import { until } from './poll';
import { metricsOf } from './process';
import type { ServingProcess } from './process';
import { connectRaw } from './raw-grpc';
import type { RawClient } from './raw-grpc';
import type { RedisServer } from './redis';
import type { SidecarProcessOptions, Stack } from './stack';

/** A Redis, a collector, and how to start sidecars that use both. */
export interface Traced {
  readonly redis: RedisServer;
  readonly collector: Collector;
  /** Starts a sidecar that exports spans almost at once. @param env variables for OpenTelemetry */
  start(
    options?: Pick<SidecarProcessOptions, 'settings' | 'env'>,
  ): Promise<{ readonly sidecar: ServingProcess; readonly client: RawClient }>;
}

export async function startTraced(stack: Stack): Promise<Traced> {
  const redis = await stack.redis();
  const collector = await stack.collector();
  return {
    redis,
    collector,
    async start({ settings, env } = {}) {
      const sidecar = await stack.process({
        redis,
        settings: { REDIS_COMMAND_TIMEOUT: '1m', REDIS_MAX_SILENCE: '1m', ...settings },
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '20', ...env },
      });
      return { sidecar, client: stack.use(connectRaw(sidecar.address)) };
    },
  };
}

export async function untilInFlight(sidecar: ServingProcess): Promise<void> {
  await until(
    'the call to be in flight',
    async () => (await metricsOf(sidecar)).value('session_sidecar_rpcs_in_flight') === 1,
  );
}

/** The metadata by which an application passes on its trace. */
export function newTrace(flags: '00' | '01' = '01') {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, spanId, metadata: { traceparent: `00-${traceId}-${spanId}-${flags}`, tracestate: 'vendor=1' } };
}

/** The paths from the root of a trace to its leaves: `SERVER session.v1.SessionService/GetSession OK > CLIENT load`. */
export function treeOf(spans: readonly ExportedSpan[], parentSpanId: string): readonly string[] {
  return spans
    .filter((span) => span.parentSpanId === parentSpanId)
    .flatMap((span) => {
      const { kind, name, attributes } = span;
      const own = `${kind} ${name} ${attributes['rpc.status_code'] ?? ''}`.trim();
      const below = treeOf(spans, span.spanId);
      return below.length === 0 ? [own] : below.map((path) => `${own} > ${path}`);
    });
}
