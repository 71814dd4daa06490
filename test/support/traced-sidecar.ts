import { randomBytes } from 'node:crypto';
import { startCollector } from './collector';
import type { Collector, ExportedSpan } from './collector';
import { until } from './poll';
import { metricsOf, probe, signingKey, startServing, stopProcesses } from './process';
import type { ServingProcess } from './process';
import { connectRaw } from './raw-grpc';
import type { RawClient } from './raw-grpc';
import { startRedis } from './redis';
import type { RedisServer } from './redis';

/** A Redis, a collector, and what a test starts between the two. */
export interface Traced {
  readonly redis: RedisServer;
  readonly collector: Collector;
  /** A sidecar whose spans leave at once. `env` is for the variables of OpenTelemetry. */
  start(options?: Options): Promise<{ readonly sidecar: ServingProcess; readonly client: RawClient }>;
  /** Runs when the test is over. */
  readonly onStop: (close: () => void) => void;
  stop(): Promise<void>;
}

interface Options {
  readonly settings?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

export async function startTraced(): Promise<Traced> {
  const redis = await startRedis();
  const collector = await startCollector();
  const closing: (() => void)[] = [];
  return {
    redis,
    collector,
    async start({ settings, env } = {}) {
      const sidecar = await startServing({
        settings: {
          SIGNING_KEYS: signingKey,
          REDIS_URL: redis.url,
          REDIS_COMMAND_TIMEOUT: '1m',
          REDIS_MAX_SILENCE: '1m',
          ...settings,
        },
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '20', ...env },
      });
      await until('the sidecar to be ready', async () => (await probe(`${sidecar.httpUrl}/readyz`)).status === 200);
      const client = connectRaw(sidecar.address);
      closing.push(() => client.close());
      return { sidecar, client };
    },
    onStop: (close) => closing.push(close),
    async stop() {
      for (const close of closing) close();
      await stopProcesses();
      await Promise.all([redis.stop(), collector.close()]);
    },
  };
}

export async function untilUnderWay(sidecar: ServingProcess): Promise<void> {
  await until(
    'the call to be under way',
    async () => (await metricsOf(sidecar)).value('session_sidecar_rpcs_in_flight') === 1,
  );
}

/** What an application sends along of a trace that it is part of. */
export function newTrace(flags: '00' | '01' = '01') {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, spanId, metadata: { traceparent: `00-${traceId}-${spanId}-${flags}`, tracestate: 'vendor=1' } };
}

/** The spans of a trace, each below its parent: `SERVER session.v1.SessionService/GetSession OK > CLIENT load`. */
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
