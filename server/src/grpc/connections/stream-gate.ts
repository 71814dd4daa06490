import { constants } from 'node:http2';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Logger } from 'pino';
import type { SessionError } from '../../session/errors';
import type { ApiTokens } from '../api-tokens';
import type { GrpcLimits } from '../limits';
import type { ProcessPauses } from '../process-pauses';
import { apiTokenInvalid, overloaded } from '../../rpc/refusals';
import type { RefusalLimit, RefusalObserver } from '../../rpc/refusals';
import { toStatus } from '../../rpc/status';
import { keptUserAgent } from './connection-info';
import type { Connections } from './connections';
import type { StreamHandler } from './grpc-js-internals';
import { OpenStream } from './open-stream';
import type { StreamKeeper } from './open-stream';
import { answer, hasEnded, notGrpc, streamAnswers, toAnswer } from './stream-answers';
import type { Answer } from './stream-answers';
import { deadlineOf, withinTimers } from './timeout-header';

export interface Method {
  /** Has a single request, which a client must send at once. */
  readonly isUnary: boolean;
  /** Carries many calls. */
  readonly isPipeline: boolean;
  readonly needsToken: boolean;
  /** It stays open, although it has a single request. */
  readonly isWatch?: boolean;
  /** Serves it; `undefined`: grpc-js does. */
  readonly serve?: ((open: OpenStream, headers: IncomingHttpHeaders) => void) | undefined;
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
  readonly #answers: ReturnType<typeof streamAnswers>;
  /** Long-lived streams that needed a token: pipelines, watches, and reflection. */
  readonly #revocable = new Set<OpenStream>();
  readonly #pipelines = new Set<OpenStream>();
  /** Unary RPCs whose requests may not be complete, oldest first. */
  readonly #receiving = new Set<OpenStream>();

  constructor(parts: GateParts) {
    this.#parts = parts;
    this.#answers = streamAnswers(parts.limits, parts.logger);
    parts.apiTokens.onReplaced(() => this.#endRevoked());
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
    connections.streamArrived(peer, now);
    const { methods, apiTokens, pauses } = this.#parts;
    const method = methods.get(headers[':path'] ?? '');
    if (method === undefined) return answer(stream, this.#answers.unknownMethod);
    if (headers['content-type']?.startsWith('application/grpc') !== true) return answer(stream, notGrpc);
    if ((headers['grpc-encoding'] ?? 'identity') !== 'identity')
      return this.#turnAway(stream, 'compression', this.#answers.compressed);
    const digest = method.needsToken ? apiTokens.digestOf(headers.authorization) : undefined;
    if (method.needsToken && !apiTokens.accept(digest))
      return this.#turnAway(stream, 'api_token', this.#answers.apiTokenInvalid);
    if (method.isPipeline && !peer.pipelines.allows(1))
      return this.#turnAway(stream, 'pipelines', this.#answers.tooManyPipelines);
    if (!peer.streams.allows(1)) return this.#turnAway(stream, 'streams', this.#answers.tooManyStreams);

    const deadline = deadlineOf(headers['grpc-timeout'], now);
    if (Number.isNaN(deadline)) return answer(stream, this.#answers.invalidTimeout);
    const waitMs = Math.max(pauses.waitMs, peer.reading.waitMs(now));
    if (waitMs > 0 && deadline - waitMs <= now)
      return this.#turnAway(stream, 'paused', this.#answers.arrivedTooLongAgo);
    const open = new OpenStream(this, stream, peer, now, deadline, waitMs, digest);
    if (method.isUnary) this.#receiving.add(open);
    if (method.needsToken && (!method.isUnary || method.isWatch === true)) this.#revocable.add(open);
    if (method.isPipeline) {
      this.#pipelines.add(open);
      peer.pipelines.add(1);
    }
    if (!peer.isUsed) peer.userAgent = keptUserAgent(headers['user-agent']);
    connections.streamOpened(peer, now);
    open.received(sizeOf(rawHeaders));
    connections.serveInTurn(peer, () => {
      if (hasEnded(stream) || open.isRefused) return;
      if (method.serve !== undefined) return method.serve(open, headers);
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
    if (this.#pipelines.delete(open)) open.peer.pipelines.add(-1);
    this.#parts.connections().streamClosed(open.peer);
  }

  refuse({ stream }: OpenStream, error: SessionError): void {
    // A stream that has answered before, such as one of reflection, can only be reset.
    if (stream.headersSent) stream.close(constants.NGHTTP2_CANCEL);
    else answer(stream, toAnswer(toStatus(error, '', this.#parts.logger)));
  }

  /** To be called periodically. */
  look(now: number): void {
    for (const open of this.#receiving) {
      if (now - open.since < requestTimeoutFactor * this.#parts.limits.stallMs) return;
      this.#receiving.delete(open);
      if (open.stream.readableEnded || open.isRefused) continue;
      open.isRefused = true;
      this.#turnAway(open.stream, 'request_time', this.#answers.lateRequest);
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

  #turnAway(stream: ServerHttp2Stream, limit: RefusalLimit, headers: Answer): void {
    this.#parts.observer.refused(limit);
    answer(stream, headers);
  }
}

/** The bytes of names and values. */
function sizeOf(rawHeaders: readonly string[]): number {
  let bytes = 0;
  for (const text of rawHeaders) bytes += text.length;
  return bytes;
}
