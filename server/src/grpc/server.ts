import { Server } from '@grpc/grpc-js';
import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import { variable } from '../setting-names';
import type { ApiTokens } from './api-tokens';
import { CallSlots } from './budgets/call-slots';
import { ReplyBudget } from './budgets/reply-budget';
import { SharedBudget } from './budgets/shared-budget';
import { logCalls } from '../rpc/call-log';
import type { ConnectionInfo } from './connections/connection-info';
import { Connections } from './connections/connections';
import { injectConnections } from './connections/grpc-js-internals';
import type { PeerBudgets } from './connections/peer';
import { StreamGate } from './connections/stream-gate';
import type { Method } from './connections/stream-gate';
import { createDispatchers } from '../rpc/dispatcher';
import type { DispatcherParts, RpcObserver } from '../rpc/dispatcher';
import type { ChangeReportObserver } from '../rpc/copies';
import type { WatchObserver } from '../rpc/watch/watch-messages';
import type { ChangeFeed } from '../session/change-feed';
import type { SessionWatch } from '../rpc/watch/session-watch';
import type { TestControl } from '../session/test-control';
import { Health } from './standard-services/health';
import { InFlightCalls } from '../rpc/in-flight-calls';
import { addLazily } from './standard-services/lazy-services';
import type { LazyMethod, LoadedMethod } from './standard-services/lazy-services';
import { maxMessageBytes, maxMetadataBytes } from './limits';
import type { GrpcLimits } from './limits';
import type { GrpcAddress } from './listening/address';
import { connectionsByDescriptors } from './listening/descriptor-limit';
import { openListeners } from './listening/listeners';
import type { Listeners } from './listening/listeners';
import type { SocketAccess } from './listening/unix-listener';
import { PipelineAdmission } from './pipeline/admission';
import { ProcessPauses } from './process-pauses';
import { pipelineDefinition, sessionMethods, watchDefinition } from './session-service';
import type * as StandardServicesModule from './standard-services/standard-services';
import { testControlDefinition, testControlHandlers, testControlMethods } from './test-control';
import { Deadlines } from './unary/deadlines';
import { WatchCalls } from './watch/watch-calls';

export interface GrpcObserver extends RpcObserver, ChangeReportObserver, WatchObserver {}

export interface GrpcServerOptions extends Omit<DispatcherParts, 'calls' | 'maxMutations'> {
  readonly observer: GrpcObserver;
  /** Reports changes to clients that keep copies of sessions; `undefined`: changes are not reported. */
  readonly changes: ChangeFeed | undefined;
  /** Reports which sessions begin and end. */
  readonly watch: SessionWatch;
  readonly addresses: readonly GrpcAddress[];
  readonly socketAccess: SocketAccess;
  /** How long to wait, in ms, for another process to stop listening on an address. */
  readonly listenTimeoutMs: number;
  readonly limits: GrpcLimits;
  /** Required by every RPC except those of `grpc.health.v1`. */
  readonly apiTokens: ApiTokens;
  /** Whether server reflection is served. */
  readonly reflection: boolean;
  /** Lets tests control the store; `undefined`: it does not exist for callers. */
  readonly testControl?: TestControl | undefined;
  /** Returns the handle in a genuine token, for the log. */
  readonly handleOf: (token: string) => string | undefined;
  /** Wraps every call, for every transport. */
  readonly decorate?: ((dispatchers: Dispatchers) => Dispatchers) | undefined;
  /** Whether the level of the log may change while the server runs. Default: no. */
  readonly logLevelCanChange?: boolean | undefined;
}

type Dispatchers = ReturnType<typeof createDispatchers>;

export interface GrpcServer {
  /** As clients write them. */
  readonly addresses: readonly string[];
  readonly draining: boolean;
  /** The open connections, oldest first. */
  connections(): readonly ConnectionInfo[];
  /** What `grpc.health.v1.Health` answers. */
  setServing(serving: boolean): void;
  /**
   * Stops listening, rejects new calls, and waits for those in flight, at most `graceMs`.
   *
   * @returns whether all of them were finished.
   */
  close(graceMs: number): Promise<boolean>;
}

/**
 * How long clients have to read the last replies and close their connections. Open calls are answered, and clients close their
 * pipelines once they have read the announcement; a busy machine may delay both.
 */
const finalFlushMs = { idle: 500, open: 2000 } as const;

/** Serves `session.v1.SessionService`, `grpc.health.v1.Health` and server reflection. */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { limits, logger, observer } = options;
  const calls = new InFlightCalls();
  const budgets = budgetsOf(options);
  const dispatchers = decorated(createDispatchers({ ...options, calls, maxMutations: limits.mutations }), options);
  const pauses = new ProcessPauses();
  const changes = { feed: options.changes, observer };
  const pipelines = new PipelineAdmission({ dispatchers, budgets, calls, pauses, changes, logger });

  const health = new Health(['', SessionServiceDefinition.fullName], observer);
  const standard = options.reflection ? [...healthMethods, ...reflectionMethods] : healthMethods;
  const server = createServer();
  server.addService(pipelineDefinition, { pipeline: pipelines.serve });
  const watches = new WatchCalls({ watch: options.watch, calls, maxWatchers: limits.watchers, observer, logger });
  server.addService(watchDefinition, { watchSessions: watches.serve });
  addLazily(server, standard, () => loadStandardMethods(health));

  const deadlines = new Deadlines();
  const methods = new Map([...sessionMethods(dispatchers, { deadlines, logger }), ...standardMethods(standard)]);
  if (options.testControl !== undefined) {
    server.addService(testControlDefinition, testControlHandlers(options.testControl));
    for (const [path, method] of testControlMethods) methods.set(path, method);
  }
  const connections = guardConnections(server, methods, budgets, pauses, options);
  const stop = (): void => {
    pauses.stop();
    connections.close();
    deadlines.stop();
    server.forceShutdown();
  };
  const { addresses, socketAccess, listenTimeoutMs: waitMs } = options;
  const onSocket = connections.accept.bind(connections);
  const listeners = await openListeners({ addresses, socketAccess, waitMs, logger, onSocket }).catch(
    (error: unknown) => {
      stop();
      throw error;
    },
  );

  return {
    addresses: listeners.addresses,
    get draining() {
      return calls.draining;
    },
    connections: () => connections.list(),
    setServing: (serving) => health.setStatus(serving ? 'SERVING' : 'NOT_SERVING'),
    close: async (graceMs) => {
      const finished = await drain(graceMs, { server, listeners, calls, health, pipelines, watches, connections });
      stop();
      return finished;
    },
  };
}

/** Has every connection and stream pass this server's limits before grpc-js works for it. */
function guardConnections(
  server: Server,
  methods: ReadonlyMap<string, Method>,
  budgets: PeerBudgets,
  pauses: ProcessPauses,
  options: GrpcServerOptions,
): Connections {
  const { limits, logger, observer, apiTokens } = options;
  const gate = new StreamGate({ methods, apiTokens, limits, observer, logger, pauses, connections: () => connections });
  const inject = injectConnections(
    server,
    { settings: { maxConcurrentStreams: limits.streamsPerConnection, maxHeaderListSize: 2 * maxMetadataBytes } },
    {
      onSession: (session) => connections.opened(session),
      onStream: (...stream) => gate.enter(...stream),
    },
  );
  const connections = new Connections(budgets, maxConnections(options), inject, (now) => gate.look(now));
  return connections;
}

interface Drainable {
  readonly server: Server;
  readonly listeners: Listeners;
  readonly calls: InFlightCalls;
  readonly health: Health;
  readonly pipelines: PipelineAdmission;
  readonly watches: WatchCalls;
  readonly connections: Connections;
}

/** Takes no new calls, finishes those in flight, and sends the last answers. @returns whether all calls were finished in time */
async function drain(
  graceMs: number,
  { server, listeners, calls, health, pipelines, watches, connections }: Drainable,
): Promise<boolean> {
  // First, so that another process can listen at once.
  listeners.stop();
  calls.startDraining();
  health.setStatus('NOT_SERVING');
  pipelines.announceDraining();
  watches.end();
  const finished = await within(
    graceMs,
    connections.handOverIdle().then(() => calls.idle()),
  );
  if (finished) await connections.handOverBusy();
  // The last answers must get out, but a client that watches grpc.health.v1 would keep the server running forever.
  server.tryShutdown(() => {});
  const flushMs = connections.haveStreams ? finalFlushMs.open : finalFlushMs.idle;
  await within(finished ? flushMs : 0, connections.allClosed());
  return finished;
}

function budgetsOf({ limits, observer }: GrpcServerOptions): PeerBudgets {
  return {
    limits,
    observer,
    slots: new CallSlots(limits.callsInFlight),
    replies: new ReplyBudget(limits.replyBytes),
    requests: new SharedBudget(limits.requestBytes),
    streams: new SharedBudget(limits.streams),
    pipelines: new SharedBudget(limits.pipelines),
  };
}

function createServer(): Server {
  return new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    // Statistics per connection and call, for a service that is not served here.
    'grpc.enable_channelz': 0,
  });
}

function decorated(dispatchers: Dispatchers, options: GrpcServerOptions): Dispatchers {
  const { decorate, logger, handleOf, logLevelCanChange: levelCanChange } = options;
  return logCalls(decorate?.(dispatchers) ?? dispatchers, { logger, handleOf, levelCanChange });
}

/** Fewer than the setting if the limit of open files is lower: the HTTP port must be served whatever gRPC clients do. */
function maxConnections({ limits, logger }: GrpcServerOptions): number {
  const possible = connectionsByDescriptors();
  if (possible < limits.connections) {
    const fields = { connections: possible, setting: variable('maxConnections'), asked: limits.connections };
    logger.warn(fields, 'the limit of open files allows fewer gRPC connections than configured');
  }
  return Math.min(possible, limits.connections);
}

/** Rarely called, and implemented with a second protobuf library: loading it takes 17 % of the start-up time and 8 MB. */
const healthMethods: readonly LazyMethod[] = [
  { path: '/grpc.health.v1.Health/Check' },
  { path: '/grpc.health.v1.Health/List' },
  { path: '/grpc.health.v1.Health/Watch', responseStream: true },
];

const reflectionMethods: readonly LazyMethod[] = ['v1', 'v1alpha'].map((version) => ({
  path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
  requestStream: true,
  responseStream: true,
}));

function loadStandardMethods(health: Health): ReadonlyMap<string, LoadedMethod> {
  // An import() would complete too late for the call that needs it.
  // oxlint-disable-next-line typescript/no-require-imports
  return (require('./standard-services/standard-services') as typeof StandardServicesModule).standardMethods(health);
}

function standardMethods(standard: readonly LazyMethod[]): readonly [path: string, Method][] {
  return standard.map(({ path, requestStream = false }) => [
    path,
    { isUnary: !requestStream, isPipeline: false, needsToken: !healthMethods.some((method) => method.path === path) },
  ]);
}

async function within(milliseconds: number, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false);
  });
  const finished = await Promise.race([work.then(() => true), timeout]);
  clearTimeout(timer);
  return finished;
}
