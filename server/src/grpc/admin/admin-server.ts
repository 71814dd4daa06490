import type { Socket } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { AdminMethods } from '../../admin/admin-service';
import type { RefusalObserver } from '../../rpc/refusals';
import type { SettingId } from '../../setting-names';
import type { ApiTokens } from '../api-tokens';
import type { GrpcAddress } from '../listening/address';
import { openListeners } from '../listening/listeners';
import { AdminCalls } from './admin-calls';
import { requireToken } from './require-token';

export interface AdminObserver extends RefusalObserver {
  /** @param status its name, as gRPC spells it */
  adminCallEnded(method: string, status: string): void;
}

export interface AdminServerOptions {
  readonly methods: AdminMethods;
  readonly addresses: readonly GrpcAddress[];
  /** Of Unix sockets. */
  readonly socketMode: number;
  /** How long to wait, in ms, for another process to stop listening on an address. */
  readonly listenTimeoutMs: number;
  readonly tokens: ApiTokens;
  readonly observer: AdminObserver;
  readonly logger: Logger;
}

export interface AdminServer {
  /** As clients write them. */
  readonly addresses: readonly string[];
  /** Stops listening and ends all calls. */
  close(): void;
}

/** A request has at most 1,000 handles or tokens. */
const maxRequestBytes = 256 * 1024;
const maxConnections = 64;
const keepaliveMs = 10_000;

/**
 * Serves operators, on addresses of its own. It has few callers, each of which may end all sessions, so it needs none of the
 * fairness of the server for applications, and shares no limit with it.
 */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const { methods, addresses, socketMode, listenTimeoutMs: waitMs, observer, logger } = options;
  const server = new Server({
    interceptors: [requireToken(options)],
    'grpc.max_receive_message_length': maxRequestBytes,
    'grpc.max_concurrent_streams': maxConnections,
    'grpc.keepalive_time_ms': keepaliveMs,
    'grpc.enable_channelz': 0,
  });
  const calls = new AdminCalls(options);
  server.addService(rawDefinition(methods), calls.implementation as UntypedServiceImplementation);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  let open = 0;
  const onSocket = (socket: Socket): void => {
    if (open >= maxConnections) {
      observer.refused('admin_calls');
      socket.destroy();
      return;
    }
    open += 1;
    socket.once('close', () => {
      open -= 1;
    });
    injector.injectConnection(socket);
  };
  const socketAccess = { mode: socketMode, owner: undefined, group: undefined };
  const listeners = await openListeners({ addresses, socketAccess, waitMs, logger, onSocket, nameOf: settingOf });
  return {
    addresses: listeners.addresses,
    close: () => {
      listeners.stop();
      calls.end();
      // Answers that were just written leave with the next turn of the event loop.
      setImmediate(() => server.forceShutdown());
    },
  };
}

/** Requests are decoded where a failure gets the status of this API. */
function rawDefinition({ definition }: AdminMethods): AdminMethods['definition'] {
  return Object.fromEntries(
    Object.entries(definition).map(([name, method]) => [
      name,
      { ...method, requestDeserialize: (bytes: Buffer) => bytes },
    ]),
  );
}

function settingOf(setting: SettingId): SettingId {
  return setting === 'grpcSocketMode' ? 'adminSocketMode' : 'adminAddresses';
}
