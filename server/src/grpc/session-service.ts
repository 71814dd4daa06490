import { status } from '@grpc/grpc-js';
import type { handleUnaryCall, ServerUnaryCall, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { SessionServiceDefinition, SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';
import type { Logger } from 'pino';
import { invalidArgument } from '../session/errors';
import type { Calls } from './calls';
import type { Handlers, MethodName } from './handlers';
import { toServiceError, toStatus } from './status';

export interface RpcObserver {
  /** @returns what to call with the name of the status when the call has ended. */
  rpcStarted(method: string): (status: string) => void;
}

export interface SessionServiceParts {
  readonly handlers: Handlers;
  readonly calls: Calls;
  readonly observer: RpcObserver;
  readonly logger: Logger;
}

/** Stands for a request whose bytes are no message, until a call can be answered with that. */
class Malformed {
  constructor(readonly cause: unknown) {}
}

/** ts-proto's definition, except that bytes which cannot be decoded reach the handler: grpc-js would answer INTERNAL. */
export const sessionServiceDefinition: ServiceDefinition = Object.fromEntries(
  Object.entries(SessionServiceService).map(([name, method]) => [
    name,
    {
      ...method,
      requestDeserialize: (bytes: Buffer): unknown => {
        try {
          return method.requestDeserialize(bytes);
        } catch (error) {
          return new Malformed(error);
        }
      },
    },
  ]),
);

/** The service as grpc-js calls it: counting, draining and failing around the handlers, which decide nothing of the kind. */
export function createSessionService(parts: SessionServiceParts): UntypedServiceImplementation {
  const names = Object.keys(SessionServiceDefinition.methods) as MethodName[];
  return Object.fromEntries(names.map((name) => [name, unary(name, parts)]));
}

function unary(name: MethodName, { handlers, calls, observer, logger }: SessionServiceParts): handleUnaryCall<unknown, unknown> {
  const method = SessionServiceDefinition.methods[name].name;
  const handle = handlers[name] as (request: unknown) => Promise<unknown>;

  const answer = async (call: ServerUnaryCall<unknown, unknown>): Promise<unknown> => {
    calls.start();
    try {
      if (call.request instanceof Malformed) throw malformedRequest(call.request.cause);
      return await handle(call.request);
    } finally {
      calls.finish();
    }
  };

  return (call, callback) => {
    const rpcEnded = observer.rpcStarted(method);
    answer(call).then(
      (response) => {
        rpcEnded(endedEarly(call) ?? 'OK');
        callback(null, response);
      },
      (error: unknown) => {
        const failure = toStatus(error, method, logger);
        rpcEnded(endedEarly(call) ?? status[failure.code] ?? 'UNKNOWN');
        callback(toServiceError(failure));
      },
    );
  };
}

function malformedRequest(cause: unknown): Error {
  const description = `Expected an encoded message, got bytes that are none: ${cause instanceof Error ? cause.message : ''}.`;
  return invalidArgument([{ field: '', description }]);
}

/** What the caller saw when it did not wait for the answer. */
function endedEarly(call: ServerUnaryCall<unknown, unknown>): string | undefined {
  if (!call.cancelled) return undefined;
  const deadline = call.getDeadline();
  return Number(deadline) <= Date.now() ? 'DEADLINE_EXCEEDED' : 'CANCELLED';
}
