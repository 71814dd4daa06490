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

function unary(
  name: MethodName,
  { handlers, calls, observer, logger }: SessionServiceParts,
): handleUnaryCall<unknown, unknown> {
  const method = SessionServiceDefinition.methods[name].name;
  const handle = handlers[name] as (request: unknown) => Promise<unknown>;

  const answer = async (request: unknown): Promise<unknown> => {
    if (request instanceof Malformed) throw malformedRequest(request.cause);
    return handle(request);
  };

  return (call, callback) => {
    const rpcEnded = observer.rpcStarted(method);
    const fail = (error: unknown): string => {
      const failure = toStatus(error, method, logger);
      callback(toServiceError(failure));
      return status[failure.code] ?? 'UNKNOWN';
    };
    // A request whose end came after the deadline still gets here.
    if (isOverdue(call)) {
      rpcEnded('DEADLINE_EXCEEDED');
      callback({ code: status.DEADLINE_EXCEEDED, details: 'Deadline exceeded' });
      return;
    }
    try {
      calls.start();
    } catch (error) {
      rpcEnded(fail(error));
      return;
    }
    let underWay = true;
    const end = (statusName: string): void => {
      if (!underWay) return;
      underWay = false;
      calls.finish();
      rpcEnded(statusName);
    };
    // grpc-js says so at the deadline, too. Nobody waits for the answer any more, so a stopping sidecar need not either.
    call.once('cancelled', () => {
      end(isOverdue(call) ? 'DEADLINE_EXCEEDED' : 'CANCELLED');
    });
    answer(call.request).then(
      (response) => {
        end('OK');
        callback(null, response);
      },
      (error: unknown) => {
        end(fail(error));
      },
    );
  };
}

function malformedRequest(cause: unknown): Error {
  const description = `Expected an encoded message, got bytes that are none: ${cause instanceof Error ? cause.message : ''}.`;
  return invalidArgument([{ field: '', description }]);
}

function isOverdue(call: ServerUnaryCall<unknown, unknown>): boolean {
  return Number(call.getDeadline()) <= Date.now();
}
