import { setTimeout as delay } from 'node:timers/promises';
import { Registry } from 'prom-client';
import type { Logger } from 'pino';
import type { Config } from './config';
import { createHandlers } from './grpc/handlers';
import { startGrpcServer } from './grpc/server';
import type { GrpcServer } from './grpc/server';
import { startHttpServer } from './http/server';
import { createMetrics } from './metrics/metrics';
import type { Metrics } from './metrics/metrics';
import { SessionManager } from './session/session-manager';
import type { SessionStore } from './session/session-store';
import { createTokens, randomSigningKey } from './session/token';
import { rememberVerified } from './verified-tokens';
import { MemoryStore } from './store/memory/memory-store';
import { observeStore } from './store/observed-store';
import { connectRedis, connectSubscriber } from './store/redis/connection/redis-connection';
import { RedisStore } from './store/redis/redis-store';
import type { ActiveCall } from './tracing/active-call';
import type * as TracingModule from './tracing/tracing';
import type { Tracing } from './tracing/tracing';

export interface AppContext {
  readonly logger: Logger;
  readonly version: string;
  /** What the logger asks for the ids of a trace; `undefined`: no tracing. */
  readonly activeCall?: ActiveCall | undefined;
}

/** A running sidecar. */
export interface App {
  /** Every address it listens on, as clients write them. */
  readonly addresses: { readonly grpc: readonly string[]; readonly http: string };
  readonly store: 'memory' | 'redis';
  /**
   * Stops: not ready from now on, calls under way are finished, new ones are refused.
   *
   * @returns whether all calls were finished within the grace period.
   */
  close(): Promise<boolean>;
}

/**
 * Starts a sidecar, the only place that knows all of its parts. It takes calls once its store is ready, so that a restart goes
 * unnoticed. When that takes longer than {@link storeWaitMs}, it takes calls all the same: it is not ready and answers
 * STORE_UNAVAILABLE.
 */
export async function startApp(config: Config, { logger, version, activeCall }: AppContext): Promise<App> {
  const tracing = activeCall && loadTracing().startTracing({ activeCall, logger, version });
  const registry = new Registry();
  const metrics = createMetrics(registry, { version, store: config.store.kind }, tracing?.exemplar);
  if (config.signingKeys === undefined) {
    logger.info(
      'no signing key is set: made one for this run; its tokens end with this process, as the memory store does',
    );
  }
  // Connecting to Redis begins before there is a gRPC server to tell about it.
  let grpc: GrpcServer | undefined;
  const storeReady = new AbortController();
  const store = openStore(config, { metrics, tracing, logger }, (ready) => {
    if (ready) storeReady.abort();
    if (ready) logger.info('connected to Redis');
    else if (grpc?.draining !== true) logger.warn('the connection to Redis is lost');
    grpc?.setServing(readiness(store, grpc).ready);
  });

  const { expiry, limits } = config;
  const tokens = rememberVerified(createTokens(config.signingKeys ?? [randomSigningKey()]));
  const manager = new SessionManager({ store, tokens, limits, expiry, events: metrics });
  try {
    if (!store.ready) await delay(storeWaitMs, undefined, storeReady).catch(() => {});
    const started = await startGrpcServer({
      addresses: config.grpcAddresses,
      decorate: tracing?.calls,
      handlers: createHandlers(manager),
      observer: metrics,
      logger,
    });
    grpc = started;
    grpc.setServing(readiness(store, grpc).ready);
    // Last: once its startup probe succeeds, the application is started.
    const http = await startHttpServer({
      address: config.httpAddress,
      registry,
      readiness: () => readiness(store, grpc),
    });
    return {
      addresses: { grpc: started.addresses, http: http.address },
      store: config.store.kind,
      close: async () => {
        const deadline = performance.now() + config.shutdownGraceMs;
        const finished = await started.close(config.shutdownGraceMs);
        await tracing?.close(Math.max(deadline - performance.now(), lastExportMs));
        await Promise.all([http.close(), store.close()]);
        return finished;
      },
    };
  } catch (error) {
    await grpc?.close(0);
    await store.close();
    throw error;
  }
}

/** How long a new sidecar waits for its store. Connecting to a Redis that is there takes some milliseconds. */
const storeWaitMs = 2_000;

/** How long the last spans may take when calls have used up the grace period. */
const lastExportMs = 500;

/** Loading the SDK of OpenTelemetry takes a good part of the start-up time and of the memory, so only those who use it pay. */
function loadTracing(): typeof TracingModule {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require('./tracing/tracing') as typeof TracingModule;
}

interface StoreContext {
  readonly metrics: Metrics;
  readonly tracing: Tracing | undefined;
  readonly logger: Logger;
}

/** @param onReadyChanged is called when the store became usable, or stopped being so. */
function openStore(
  config: Config,
  { metrics, tracing, logger }: StoreContext,
  onReadyChanged: (ready: boolean) => void,
): SessionStore {
  const { expiry, limits } = config;
  switch (config.store.kind) {
    case 'memory':
      metrics.setStoreReady(true);
      return observeStore(new MemoryStore({ expiry, limits, maxBytes: config.store.maxBytes, now: Date.now }), metrics);
    case 'redis': {
      const { keyPrefix, expireKeys, nearCacheBytes, replication, ...options } = config.store.redis;
      const { commandTimeoutMs } = options;
      const onTrouble = (error: Error): void => {
        logger.warn({ err: error }, 'Redis connection error');
      };
      const connection = connectRedis(options, {
        onReady: (ready) => {
          metrics.setStoreReady(ready);
          onReadyChanged(ready);
        },
        onTrouble,
      });
      const nearCache =
        nearCacheBytes === undefined
          ? undefined
          : {
              maxBytes: nearCacheBytes,
              subscriber: connectSubscriber(options, onTrouble),
              observer: tracing?.nearCache(metrics) ?? metrics,
              onTrouble,
            };
      const store = new RedisStore({
        connection,
        commandTimeoutMs,
        expiry,
        limits,
        keyPrefix,
        expireKeys,
        replication,
        nearCache,
      });
      return observeStore(tracing?.store(store) ?? store, metrics);
    }
  }
}

function readiness(store: SessionStore, grpc: GrpcServer | undefined): { ready: boolean; reason?: string } {
  if (grpc?.draining !== false) return { ready: false, reason: 'draining' };
  return store.ready ? { ready: true } : { ready: false, reason: 'store' };
}
