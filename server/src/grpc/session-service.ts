import type { handleUnaryCall, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';
import { Caller } from './dispatcher';
import type { Dispatch } from './dispatcher';
import type { Pipelines } from './pipelines';
import { toServiceError } from './status';

/** ts-proto's definition, but with messages left as bytes: the dispatchers decode and encode, whatever the transport is. */
export const sessionServiceDefinition: ServiceDefinition = Object.fromEntries(
  Object.entries(SessionServiceService).map(([name, method]) => [
    name,
    { ...method, requestDeserialize: asIs, responseSerialize: asIs },
  ]),
);

/** The service as grpc-js calls it. */
export function createSessionService(
  dispatchers: ReadonlyMap<string, Dispatch>,
  pipelines: Pipelines,
): UntypedServiceImplementation {
  return Object.fromEntries(
    Object.entries(SessionServiceService).map(([name, { path }]) => {
      const dispatch = dispatchers.get(path.slice(path.lastIndexOf('/') + 1));
      return [name, dispatch === undefined ? pipelines.serve : unary(dispatch)];
    }),
  );
}

function unary(dispatch: Dispatch): handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    // grpc-js makes a moment of the wall clock of the time that the caller gives.
    const waitsMs = Number(call.getDeadline()) - Date.now();
    const caller = new Caller(performance.now() + waitsMs, call.metadata);
    // grpc-js says so at the deadline, too.
    call.once('cancelled', () => {
      caller.leave();
    });
    void dispatch(call.request, caller).then((outcome) => {
      if ('response' in outcome) callback(null, outcome.response);
      else callback(toServiceError(outcome.error));
    });
  };
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}
