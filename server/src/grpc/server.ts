import { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { fileDescriptors } from '@session-sidecar/proto/descriptors';
import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import { Calls } from './calls';
import { listen } from './listeners';
import type { GrpcAddress } from './listeners';
import { createDispatchers } from './dispatcher';
import type { DispatcherParts } from './dispatcher';
import { pipelineLimits, Pipelines } from './pipeline';
import { createSessionService, sessionServiceDefinition } from './session-service';

export interface GrpcServerOptions extends Omit<DispatcherParts, 'calls'> {
  readonly addresses: readonly GrpcAddress[];
}

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

/** Serves `session.v1.SessionService`, `grpc.health.v1.Health` and server reflection. */
export async function startGrpcServer({ addresses, ...parts }: GrpcServerOptions): Promise<GrpcServer> {
  const calls = new Calls();
  const server = new Server({ 'grpc.max_receive_message_length': maxRequestBytes });
  const dispatchers = createDispatchers({ ...parts, calls });
  const pipelines = new Pipelines({ dispatchers, calls, limits: pipelineLimits, logger: parts.logger });
  server.addService(sessionServiceDefinition, createSessionService(dispatchers, pipelines));
  const health = new HealthImplementation();
  health.addToServer(server);
  new ReflectionService(reflectedPackages()).addToServer(server);

  const setServing = (serving: boolean): void => {
    for (const name of ['', SessionServiceDefinition.fullName])
      health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  };
  setServing(false);

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

/**
 * The descriptors as buf made them. Those of proto-loader lack the imports, and no client can link them
 * (https://github.com/grpc/grpc-node/issues/2595).
 */
function reflectedPackages(): ConstructorParameters<typeof ReflectionService>[0] {
  const fileDescriptorProtos = fileDescriptors.map((file) => Buffer.from(file, 'base64'));
  // The reflection service looks at nothing else of a package.
  return { files: { fileDescriptorProtos } } as never;
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
