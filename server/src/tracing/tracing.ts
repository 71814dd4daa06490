import { setTimeout as delay } from 'node:timers/promises';
import { TraceFlags } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { Dispatch } from '../rpc/dispatcher';
import type { SessionStore } from '../session/session-store';
import type { NearCacheObserver } from '../store/redis/near-cache/near-cache';
import type { ActiveCall, TraceIds } from './active-call';
import { openTelemetry } from './opentelemetry';
import { traceCalls } from './rpc-spans';
import { traceNearCache, traceStore } from './store-spans';

/** Spans of calls and of their Redis commands, exported by OTLP. */
export interface Tracing {
  readonly calls: (dispatchers: ReadonlyMap<string, Dispatch>) => ReadonlyMap<string, Dispatch>;
  readonly store: (store: SessionStore) => SessionStore;
  readonly nearCache: (observer: NearCacheObserver) => NearCacheObserver;
  /** The ids of the current call, if its span is exported. */
  readonly exemplar: () => TraceIds | undefined;
  /** Exports the spans that have ended, within `graceMs`. */
  readonly close: (graceMs: number) => Promise<void>;
}

export interface TracingOptions {
  readonly activeCall: ActiveCall;
  readonly logger: Logger;
  readonly version: string;
}

export function startTracing({ activeCall, logger, version }: TracingOptions): Tracing {
  const warn = (fields: object, message: string): void => activeCall.run(undefined, () => logger.warn(fields, message));
  const onWarning = (message: string): void => warn({}, `tracing: ${message}`);
  const onLoss = (error: unknown): void => warn({ err: error }, 'spans are lost, because they cannot be exported');
  const { tracer, propagator, close } = openTelemetry({ version, onWarning, onLoss });
  return {
    calls: (dispatchers) => traceCalls(dispatchers, { tracer, propagator, activeCall }),
    store: (store) => traceStore(store, { tracer, activeCall }),
    nearCache: (observer) => traceNearCache(observer, activeCall),
    exemplar: () => {
      const flags = activeCall.get()?.span.spanContext().traceFlags ?? TraceFlags.NONE;
      return (flags & TraceFlags.SAMPLED) === 0 ? undefined : activeCall.ids();
    },
    close: async (graceMs) => {
      const late = delay(graceMs, undefined, { ref: false }).then(() => {
        throw new Error('The collector did not answer before the shutdown deadline.');
      });
      await Promise.race([close(), late]).catch(onLoss);
    },
  };
}
