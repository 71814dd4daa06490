import { Server } from '@grpc/grpc-js';
import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import { Calls } from './calls';
import { listen } from './listeners';
import type { GrpcAddress } from './listeners';
import { createDispatchers } from './dispatcher';
import type { DispatcherParts } from './dispatcher';
import { addLazily } from './lazy-services';
import { pipelineLimits } from './pipeline';
import { Pipelines } from './pipelines';
import { createSessionService, sessionServiceDefinition } from './session-service';
import type * as StandardServicesModule from './standard-services';
import type { ServingStatus, StandardServices } from './standard-services';

export interface GrpcServerOptions extends Omit<DispatcherParts, 'calls'> {
  readonly addresses: readonly GrpcAddress[];
  /** Puts something around every call, whatever transport it comes by. */
  readonly decorate?: ((dispatchers: Dispatchers) => Dispatchers) | undefined;
}

type Dispatchers = ReturnType<typeof createDispatchers>;

export interface GrpcServer {
  /** As clients write them. */
  readonly addresses: readonly string[];
  readonly draining: boolean;
  /** What `grpc.health.v1.Health` answers. */
  setServing(serving: boolean): void;
  /**
   * Takes no new calls and waits for those under way, at most `graceMs`.
   *
   * @returns whether all of them were finished.
   */
  close(graceMs: number): Promise<boolean>;
}

/** Most bytes of a request. Larger than any session may be, so that the limits of the domain answer first. */
const maxRequestBytes = 4 * 1024 * 1024;

/** How long clients have to take the last answers and close their connections. */
const farewellMs = 500;

/**
 * Seldom called, and what implements them comes with a second protobuf library: loading it takes a sixth of the start-up time
 * and 8 MB.
 */
const standardMethods = [
  { path: '/grpc.health.v1.Health/Check' },
  { path: '/grpc.health.v1.Health/List' },
  { path: '/grpc.health.v1.Health/Watch', responseStream: true },
  ...['v1', 'v1alpha'].map((version) => ({
    path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    requestStream: true,
    responseStream: true,
  })),
];

/** Serves `session.v1.SessionService`, `grpc.health.v1.Health` and server reflection. */
export async function startGrpcServer({ addresses, decorate, ...parts }: GrpcServerOptions): Promise<GrpcServer> {
  const calls = new Calls();
  const server = new Server({ 'grpc.max_receive_message_length': maxRequestBytes });
  const plain = createDispatchers({ ...parts, calls });
  const dispatchers = decorate === undefined ? plain : decorate(plain);
  const pipelines = new Pipelines({ dispatchers, calls, limits: pipelineLimits, logger: parts.logger });
  server.addService(sessionServiceDefinition, createSessionService(dispatchers, pipelines));
  const setServing = addStandardServices(server);

  const bound: string[] = [];
  try {
    for (const address of addresses) bound.push(await listen(server, address));
  } catch (error) {
    server.forceShutdown();
    throw error;
  }

  return {
    addresses: bound,
    get draining() {
      return calls.draining;
    },
    setServing,
    close: async (graceMs) => {
      setServing(false);
      const drained = calls.drain();
      pipelines.announceDraining();
      const finished = await within(graceMs, drained);
      // The last answers must get out, but a client that watches grpc.health.v1 would keep the server for ever.
      await within(finished ? farewellMs : 0, shutdown(server));
      server.forceShutdown();
      return finished;
    },
  };
}

/** @returns what to call when the answer of `grpc.health.v1.Health` changes; it is NOT_SERVING at first. */
function addStandardServices(server: Server): (serving: boolean) => void {
  let status: ServingStatus = 'NOT_SERVING';
  let services: StandardServices | undefined;
  const tell = (): void => {
    for (const name of ['', SessionServiceDefinition.fullName]) services?.setStatus(name, status);
  };
  addLazily(server, standardMethods, () => {
    if (services === undefined) {
      // An import() would come too late for whoever calls.
      // eslint-disable-next-line @typescript-eslint/no-require-imports
      services = (require('./standard-services') as typeof StandardServicesModule).createStandardServices();
      tell();
    }
    return services.methods;
  });
  return (serving) => {
    status = serving ? 'SERVING' : 'NOT_SERVING';
    tell();
  };
}

function shutdown(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.tryShutdown(() => {
      resolve();
    });
  });
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
