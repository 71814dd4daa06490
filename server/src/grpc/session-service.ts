import type { ServiceDefinition } from '@grpc/grpc-js';
import { SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';
import type { Dispatch } from '../rpc/dispatcher';
import type { Method } from './connections/stream-gate';
import { serveUnary } from './unary/unary-call';
import type { UnaryParts } from './unary/unary-call';

export const watchDefinition: ServiceDefinition = { watchSessions: SessionServiceService.watchSessions };

/** Messages are bytes: the dispatchers decode and encode, for every transport. */
export const pipelineDefinition: ServiceDefinition = {
  pipeline: { ...SessionServiceService.pipeline, requestDeserialize: identity, responseSerialize: identity },
};

/** All RPCs of the service, by their paths. */
export function sessionMethods(
  dispatchers: ReadonlyMap<string, Dispatch>,
  parts: Omit<UnaryParts, 'dispatch'>,
): readonly [path: string, Method][] {
  return Object.values(SessionServiceService).map(({ path, requestStream, responseStream }) => {
    const dispatch = dispatchers.get(path.slice(path.lastIndexOf('/') + 1));
    const serve = dispatch && serveUnary({ ...parts, dispatch });
    const isWatch = responseStream && !requestStream;
    return [path, { isUnary: !requestStream, isPipeline: requestStream, isWatch, needsToken: true, serve }];
  });
}

function identity(bytes: Buffer): Buffer {
  return bytes;
}
