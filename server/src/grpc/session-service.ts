import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';
import type { Logger } from 'pino';
import type { Dispatch } from '../rpc/dispatcher';
import type { PipelineAdmission } from './pipeline/admission';
import { serveUnary } from './unary';

/** ts-proto's definition, but with messages as bytes: the dispatchers decode and encode, for every transport. */
export const sessionServiceDefinition: ServiceDefinition = Object.fromEntries(
  Object.entries(SessionServiceService).map(([name, method]) => [
    name,
    { ...method, requestDeserialize: identity, responseSerialize: identity },
  ]),
);

/** The service for grpc-js. */
export function createSessionService(
  dispatchers: ReadonlyMap<string, Dispatch>,
  pipelines: PipelineAdmission,
  logger: Logger,
): UntypedServiceImplementation {
  return Object.fromEntries(
    Object.entries(SessionServiceService).map(([name, { path }]) => {
      const dispatch = dispatchers.get(path.slice(path.lastIndexOf('/') + 1));
      return [name, dispatch === undefined ? pipelines.serve : serveUnary(dispatch, logger)];
    }),
  );
}

function identity(bytes: Buffer): Buffer {
  return bytes;
}
