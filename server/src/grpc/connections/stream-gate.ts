import { constants } from 'node:http2';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';
import type { Status } from '@session-sidecar/proto/google/rpc/status';
import type { Logger } from 'pino';
import type { SessionError } from '../../session/errors';
import { variable } from '../../setting-names';
import type { ApiTokens } from '../api-tokens';
import type { GrpcLimits } from '../limits';
import type { ProcessPauses } from '../process-pauses';
import { apiTokenInvalid, arrivedTooLongAgo, overloaded } from '../../rpc/refusals';
import type { RefusalLimit, RefusalObserver } from '../../rpc/refusals';
import { toServiceError, toStatus } from '../../rpc/status';
import type { Connections } from './connections';
import type { StreamHandler } from './grpc-js-internals';
import { OpenStream } from './open-stream';
import type { StreamKeeper } from './open-stream';
import { deadlineOf, withinTimers } from './timeout-header';

export interface Method {
  /** Has a single request, which a client must send at once. */
  readonly isUnary: boolean;
  readonly needsToken: boolean;
}

export interface GateParts {
  readonly methods: ReadonlyMap<string, Method>;
  readonly apiTokens: ApiTokens;
  readonly limits: GrpcLimits;
  readonly observer: RefusalObserver;
  readonly logger: Logger;
  readonly pauses: ProcessPauses;
  readonly connections: () => Connections;
}

/** Maximum time of a request, as a multiple of the stall timeout. */
const requestTimeoutFactor = 2;

/** Accepts RPCs, or rejects them before anything was spent on them, and keeps account of the open ones. */
export class StreamGate implements StreamKeeper {
  readonly #parts: GateParts;
  /** Long-lived streams: pipelines and the like. */
  readonly #revocable = new Set<OpenStream>();
  /** Unary RPCs whose requests may not be complete, oldest first. */
  readonly #receiving = new Set<OpenStream>();

  constructor(parts: GateParts) {
    this.#parts = parts;
    parts.apiTokens.onReplaced = () => this.#endRevoked();
  }

  enter(
    serve: StreamHandler,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    flags: number,
    rawHeaders: readonly string[],
  ): void {
    const connections = this.#parts.connections();
    const peer = stream.session && connections.of(stream.session as never);
    // The connection or the stream has ended meanwhile: grpc-js would answer it, which throws.
    if (peer === undefined || hasEnded(stream)) return;
    const now = performance.now();
    const { methods, apiTokens, limits, pauses } = this.#parts;
    const method = methods.get(headers[':path'] ?? '');
    if (method === undefined) return answer(stream, unknownMethod);
    if ((headers['grpc-encoding'] ?? 'identity') !== 'identity')
      return this.#turnAway(stream, 'compression', compressed);
    const digest = method.needsToken ? apiTokens.digestOf(headers.authorization) : undefined;
    if (method.needsToken && !apiTokens.accept(digest))
      return this.#refuseStream(stream, 'api_token', apiTokenInvalid());
    if (!peer.streams.allows(1)) {
      return this.#refuseStream(
        stream,
        'streams',
        overloaded('Too many calls are open.', limits.streams, 'maxStreams'),
      );
    }

    const deadline = deadlineOf(headers['grpc-timeout'], now);
    const waitMs = Math.max(pauses.waitMs, peer.reading.waitMs(now));
    if (waitMs > 0 && deadline - waitMs <= now) return this.#refuseStream(stream, 'paused', arrivedTooLongAgo());
    const open = new OpenStream(this, stream, peer, now, deadline, waitMs, digest);
    if (method.isUnary) this.#receiving.add(open);
    else if (method.needsToken) this.#revocable.add(open);
    connections.streamOpened(peer, now);
    open.received(sizeOf(rawHeaders));
    connections.serveInTurn(peer, () => {
      if (hasEnded(stream) || open.isRefused) return;
      serve(stream, withinTimers(headers), flags, rawHeaders);
      open.countData();
    });
  }

  received(open: OpenStream): void {
    if (!open.peer.requests.allows(0)) this.#shed(open);
  }

  closed(open: OpenStream): void {
    this.#receiving.delete(open);
    this.#revocable.delete(open);
    this.#parts.connections().streamClosed(open.peer);
  }

  refuse({ stream }: OpenStream, error: SessionError): void {
    answer(stream, this.#statusOf(error));
  }

  /** To be called periodically. */
  look(now: number): void {
    for (const open of this.#receiving) {
      if (now - open.since < requestTimeoutFactor * this.#parts.limits.stallMs) return;
      this.#receiving.delete(open);
      if (open.stream.readableEnded || open.isRefused) continue;
      open.isRefused = true;
      this.#turnAway(open.stream, 'request_time', lateRequest);
    }
  }

  /** The client sends more than its share. */
  #shed(open: OpenStream): void {
    if (open.isClosed || open.isRefused) return;
    const { limits, observer } = this.#parts;
    observer.refused('request_buffer');
    open.refuse(overloaded('Too many bytes of requests are buffered.', limits.requestBytes, 'requestBufferBytes'));
  }

  /** A stream ends with the API token that it was opened with. */
  #endRevoked(): void {
    const { apiTokens, observer } = this.#parts;
    for (const open of this.#revocable) {
      if (apiTokens.accept(open.tokenDigest)) continue;
      observer.refused('api_token');
      open.refuse(apiTokenInvalid());
    }
  }

  #refuseStream(stream: ServerHttp2Stream, limit: RefusalLimit, error: SessionError): void {
    this.#turnAway(stream, limit, this.#statusOf(error));
  }

  #turnAway(stream: ServerHttp2Stream, limit: RefusalLimit, error: Status): void {
    this.#parts.observer.refused(limit);
    answer(stream, error);
  }

  #statusOf(error: SessionError): Status {
    return toStatus(error, '', this.#parts.logger);
  }
}

/** Sends a gRPC status without a response. Nothing more is read from the client. */
function answer(stream: ServerHttp2Stream, error: Status): void {
  stream.on('error', () => undefined);
  if (hasEnded(stream) || stream.headersSent) return;
  const { code, details, metadata } = toServiceError(error);
  const trailers = { 'grpc-status': code, 'grpc-message': encodeURI(details), ...metadata.toHttp2Headers() };
  const headers = { ':status': 200, 'content-type': 'application/grpc+proto', 'grpc-accept-encoding': 'identity' };
  stream.respond({ ...headers, ...trailers }, { endStream: true });
  // On some versions of Node.js, closing at once would overtake the response.
  setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
}

function hasEnded(stream: ServerHttp2Stream): boolean {
  return stream.destroyed || stream.closed;
}

/** The bytes of names and values. */
function sizeOf(rawHeaders: readonly string[]): number {
  let bytes = 0;
  for (const text of rawHeaders) bytes += text.length;
  return bytes;
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

const lateRequest: Status = {
  code: status.DEADLINE_EXCEEDED,
  message: `The request did not arrive within the time that ${variable('stallTimeoutMs')} allows.`,
  details: [],
};
