import { constants } from 'node:http2';
import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';
import type { Status } from '@session-sidecar/proto/google/rpc/status';
import type { Logger } from 'pino';
import { apiTokenInvalid, arrivedTooLongAgo, overloaded } from '../../rpc/refusals';
import { toServiceError, toStatus } from '../../rpc/status';
import { variable } from '../../setting-names';
import type { GrpcLimits } from '../limits';

/** A gRPC status without a response, as it is sent. */
export type Answer = OutgoingHttpHeaders;

/** The answers to streams that grpc-js never gets. Encoded once: a client can open thousands of such streams in a second. */
export function streamAnswers(limits: GrpcLimits, logger: Logger) {
  return {
    unknownMethod: toAnswer(unknownMethod),
    compressed: toAnswer(compressed),
    invalidTimeout: toAnswer(invalidTimeout),
    lateRequest: toAnswer(lateRequest),
    apiTokenInvalid: toAnswer(toStatus(apiTokenInvalid(), '', logger)),
    arrivedTooLongAgo: toAnswer(toStatus(arrivedTooLongAgo(), '', logger)),
    tooManyPipelines: toAnswer(
      toStatus(overloaded('Too many pipelines are open.', limits.pipelines, 'maxPipelines'), '', logger),
    ),
    tooManyStreams: toAnswer(
      toStatus(overloaded('Too many calls are open.', limits.streams, 'maxStreams'), '', logger),
    ),
  };
}

export function toAnswer(error: Status): Answer {
  const { code, details, metadata } = toServiceError(error);
  return {
    ':status': 200,
    'content-type': 'application/grpc+proto',
    'grpc-accept-encoding': 'identity',
    'grpc-status': code,
    'grpc-message': encodeURI(details),
    ...metadata.toHttp2Headers(),
  };
}

/** To a request that is not one of gRPC. */
export const notGrpc: Answer = { ':status': 415 };

/** Nothing more is read from the client. */
export function answer(stream: ServerHttp2Stream, headers: Answer): void {
  if (hasEnded(stream) || stream.headersSent) return;
  stream.respond(headers, { endStream: true });
  // On some versions of Node.js, closing at once would overtake the response.
  setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
}

export function hasEnded(stream: ServerHttp2Stream): boolean {
  return stream.destroyed || stream.closed;
}

const unknownMethod: Status = {
  code: status.UNIMPLEMENTED,
  message: 'Unknown method.',
  details: [],
};

/** A few bytes can decompress to a thousand times as many, and on one machine compression gains nothing. */
const compressed: Status = {
  code: status.UNIMPLEMENTED,
  message: 'Compressed requests are not supported.',
  details: [],
};

const invalidTimeout: Status = {
  code: status.INTERNAL,
  message: 'Expected a grpc-timeout of up to eight digits and a unit: H, M, S, m, u or n.',
  details: [],
};

const lateRequest: Status = {
  code: status.DEADLINE_EXCEEDED,
  message: `The request did not arrive within the time that ${variable('stallTimeoutMs')} allows.`,
  details: [],
};
