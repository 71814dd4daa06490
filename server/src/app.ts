import { Registry } from 'prom-client';
import type { Logger } from 'pino';
import { withAuditLog } from './audit-log';
import { commit } from './commit';
import type { Config, LiveConfig } from './config';
import { ApiTokens } from './grpc/api-tokens';
import { reportFailures } from './rpc/failure-reports';
import { createHandlers } from './rpc/handlers';
import { logLibraryWarnings } from './grpc/library-log';
import { startGrpcServer } from './grpc/server';
import type { GrpcServer } from './grpc/server';
import type { AdminServer } from './grpc/admin/admin-server';
import { startHttpServer } from './http/server';
import type { HttpServer } from './http/limited-server';
import type { Clock } from './inspector/clock';
import type { Inspector } from './inspector/inspector';
import { openAdmin } from './open-admin';
import { openInspector } from './open-inspector';
import type { LogRateLimit } from './log-rate-limit';
import { createMetrics } from './metrics/metrics';
import type { Metrics } from './metrics/metrics';
import { openStore } from './open-store';
import type { OpenedStore } from './open-store';
import type { Dispatch } from './rpc/dispatcher';
import { ServingStatus } from './serving-status';
import { variable } from './setting-names';
import { SessionWatch } from './rpc/watch/session-watch';
import { SessionAdmin } from './session/admin/session-admin';
import { DataCheck } from './session/data-rule';
import { SessionManager } from './session/session-manager';
import type { SessionStore } from './session/session-store';
import { SubjectManager } from './session/subject-manager';
import { randomSigningKey } from './tokens/token';
import type { Tokens } from './tokens/token';
import { replaceableTokens } from './tokens/token-cache';
import type { ReplaceableTokens } from './tokens/token-cache';
import type { ActiveCall } from './tracing/active-call';
import type { Tracing } from './tracing/tracing';
import type * as TracingModule from './tracing/tracing';

export interface AppContext {
  readonly logger: Logger;
  readonly version: string;
  /** Gives the logger the ids of a trace; `undefined`: no tracing. */
  readonly activeCall?: ActiveCall | undefined;
  /** Live settings; `undefined`: they do not change. */
  readonly settings?: Pick<LiveConfig, 'advise' | 'files' | 'watch'> | undefined;
  /** What the inspector shows of the settings. Default: nothing. */
  readonly report?: LiveConfig['report'] | undefined;
  /** The clock of the inspector's charts. Default: the system's. */
  readonly inspectorClock?: Clock | undefined;
  /** The rate limit of the log, whose suppressed lines are counted. */
  readonly logRateLimit?: LogRateLimit | undefined;
  /** Gets the lines of the audit log. Default: {@link logger}. */
  readonly auditLogger?: Logger | undefined;
}

/** A running sidecar. */
export interface App {
  /** Every address it listens on, as clients write them. */
  readonly addresses: {
    readonly grpc: readonly string[];
    readonly http: string;
    readonly inspector: string | undefined;
    readonly admin: readonly string[] | undefined;
  };
  readonly store: 'memory' | 'redis';
  /**
   * Stops: not ready from now on, calls in flight are finished, new ones are rejected.
   *
   * @returns whether all calls were finished within the grace period.
   */
  close(): Promise<boolean>;
}

/**
 * Starts a sidecar; the only function that knows all of its parts. The sidecar accepts calls once its store is ready, so that
 * clients do not notice a restart. After {@link storeWaitMs} it accepts them anyway, reports not ready, and answers
 * STORE_UNAVAILABLE.
 */
export async function startApp(config: Config, context: AppContext): Promise<App> {
  const { logger, settings } = context;
  logLibraryWarnings(logger);
  const { tracing, registry, metrics } = startObserving(config, context);
  const apiTokens = new ApiTokens(config.grpc.apiTokens);
  const adminTokens = new ApiTokens(config.admin?.tokens);
  const tokens = replaceableTokens(config.signingKeys ?? [temporaryKey(logger)], {
    recordsKeys: config.recordSigningKey,
  });
  const status = new ServingStatus(() => store, logger);
  // Connecting to Redis begins before there is a gRPC server whose status depends on it.
  const observer = config.auditLog ? withAuditLog(metrics, context.auditLogger ?? logger) : metrics;
  const dataCheck = new DataCheck(config.dataRule);
  const storeContext = { metrics, tracing, events: observer, dataCheck, logger, advise: settings?.advise };
  const opened = openStore(config, storeContext, (ready) => status.storeChanged(ready));
  const { store, events, inventory, testControl } = opened;
  if (config.auditLog) events.keepRecording();
  if (testControl !== undefined) {
    logger.warn(`${variable('testControl')} is on: every caller can move the clock and delete all sessions`);
  }
  const { expiry, limits } = config;
  const subjects = new SubjectManager({ store, tokens, limits, events: metrics });
  const inspector = openInspector(config, context, { registry, metrics, readiness: () => status.readiness, subjects });
  /** To be closed if a later step fails. */
  let grpc: GrpcServer | undefined;
  let admin: AdminServer | undefined;

  try {
    const manager = new SessionManager({ store, tokens, limits, expiry, events: metrics, dataCheck });
    const watch = new SessionWatch(events);
    await status.storeReady(storeWaitMs);
    const started = await startGrpcServer({
      ...grpcSettings(config),
      apiTokens,
      decorate: decorationOf(tracing, inspector),
      logLevelCanChange: inspector !== undefined,
      handleOf: (token) => handleOf(tokens, token),
      handlers: createHandlers({ manager, subjects, watch, observer: metrics }),
      watch,
      changes: store.changes,
      testControl,
      observer: metrics,
      logger,
    });
    grpc = started;
    status.grpcStarted(started);
    const sessionAdmin = new SessionAdmin({ inventory, store, tokens, limits, events: metrics });
    admin = await openAdmin(config, { admin: sessionAdmin, tokens: adminTokens, observer: metrics, logger });
    const openedAdmin = admin;
    const inspectorUrl = await inspector?.listen(() => started.connections());
    // Last: once its startup probe succeeds, the application is started.
    const http = await startHttpServer({
      address: config.httpAddress,
      registry,
      readiness: () => status.readiness,
      maxConnections: config.httpMaxConnections,
      observer: metrics,
    });
    const unwatch = watchFiles(context, metrics, { tokens, apiTokens, adminTokens, dataCheck, opened });
    return {
      addresses: {
        ...{ grpc: started.addresses, http: http.address, inspector: inspectorUrl },
        admin: admin?.addresses,
      },
      store: config.store.kind,
      close: () => {
        status.grpcStopping();
        openedAdmin?.close();
        unwatch?.();
        return shutDown(config.shutdownGraceMs, { grpc: started, http, inspector, store, tracing });
      },
    };
  } catch (error) {
    await grpc?.close(0);
    await inspector?.close();
    admin?.close();
    await store.close();
    throw error;
  }
}

/** Starts metrics and, if configured, tracing. */
function startObserving({ store }: Config, { activeCall, logger, version, logRateLimit }: AppContext) {
  const tracing = activeCall && loadTracing().startTracing({ activeCall, logger, version });
  const registry = new Registry();
  const metrics = createMetrics(registry, { version, commit, store: store.kind }, tracing?.exemplar);
  logRateLimit?.onSuppressed(() => metrics.logLineSuppressed());
  return { tracing, registry, metrics };
}

interface Closable {
  readonly grpc: GrpcServer;
  readonly http: HttpServer;
  readonly inspector: Inspector | undefined;
  readonly store: SessionStore;
  readonly tracing: Tracing | undefined;
}

/** @returns whether all calls were finished within the grace period */
async function shutDown(graceMs: number, { grpc, http, inspector, store, tracing }: Closable): Promise<boolean> {
  const deadline = performance.now() + graceMs;
  const finished = await grpc.close(graceMs);
  await tracing?.close(Math.max(deadline - performance.now(), lastExportMs));
  await Promise.all([http.close(), inspector?.close(), store.close()]);
  return finished;
}

/** Wraps the RPCs for tracing and for the inspector; `undefined`: nothing to do. */
function decorationOf(tracing: Tracing | undefined, inspector: Inspector | undefined) {
  if (inspector === undefined) return tracing?.calls;
  return (dispatchers: ReadonlyMap<string, Dispatch>) =>
    reportFailures(tracing?.calls(dispatchers) ?? dispatchers, inspector.callFailed);
}

function grpcSettings({ grpcAddresses: addresses, grpc, limits }: Config) {
  return { addresses, ...grpc, limits: { ...grpc.limits, mutations: limits.maxMutations } };
}

function temporaryKey(logger: Logger): Buffer {
  logger.info('no signing key configured: using a random one; tokens become invalid when this process exits');
  return randomSigningKey();
}

/** @returns `undefined` for a token that is not valid */
function handleOf(tokens: Tokens, token: string): string | undefined {
  const verified = tokens.verify(token);
  return verified.valid ? verified.ref.handle : undefined;
}

/** What changed files can replace. */
interface Replaceable {
  readonly tokens: ReplaceableTokens;
  readonly apiTokens: ApiTokens;
  readonly adminTokens: ApiTokens;
  readonly dataCheck: DataCheck;
  readonly opened: Pick<OpenedStore, 'setEncryptionKeys' | 'setCredentials'>;
}

/** Applies changes of the files that settings name. @returns a function that ends that */
function watchFiles(
  { settings, logger }: AppContext,
  metrics: Metrics,
  { tokens, apiTokens, adminTokens, dataCheck, opened }: Replaceable,
): (() => void) | undefined {
  for (const { from } of settings?.files ?? []) metrics.fileWatched(from);
  return settings?.watch({
    onChanged: (next, names) => {
      if (next.signingKeys !== undefined) tokens.replaceKeys(next.signingKeys);
      apiTokens.replace(next.grpc.apiTokens);
      adminTokens.replace(next.admin?.tokens);
      dataCheck.replace(next.dataRule);
      opened.setEncryptionKeys(next.encryptionKeys);
      if (next.store.kind === 'redis') opened.setCredentials(next.store.redis);
      for (const name of names) metrics.fileReloaded(name, 'applied');
      logger.info({ settings: names }, 'changed files applied');
    },
    onRejected: (problems, names) => {
      for (const name of names) metrics.fileReloaded(name, 'rejected');
      for (const problem of problems) {
        logger.error({ settings: names, problem }, 'changed file rejected, the previous content stays in force');
      }
    },
  });
}

/** How long a new sidecar waits for its store. Connecting to a healthy Redis takes a few milliseconds. */
const storeWaitMs = 2_000;

/** Minimum time to export the last spans, even when calls have used up the grace period. */
const lastExportMs = 500;

/** Loaded on demand: the OpenTelemetry SDK would take a large share of start-up time and memory. */
function loadTracing(): typeof TracingModule {
  // oxlint-disable-next-line typescript/no-require-imports
  return require('./tracing/tracing') as typeof TracingModule;
}
