import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';
import type { Status } from '@session-sidecar/proto/google/rpc/status';
import type { Logger } from 'pino';
import type { SessionError } from '../../session/errors';
import { CallContext } from '../../rpc/call-context';
import { deadlineExceeded } from '../../rpc/dispatcher';
import type { Dispatch } from '../../rpc/dispatcher';
import { freeEncoded } from '../../rpc/encoding';
import { toStatus } from '../../rpc/status';
import type { QueuedCall } from '../budgets/call-queue';
import type { OpenStream, StreamReader } from '../connections/open-stream';
import { answer, hasEnded, toAnswer } from '../connections/stream-answers';
import type { Deadlines, Overdue } from './deadlines';
import { RequestMessage, withPrefix } from './request-message';

export interface UnaryParts {
  readonly dispatch: Dispatch;
  readonly deadlines: Deadlines;
  readonly logger: Logger;
}

/** Serves an RPC with one request and one response. */
export function serveUnary(parts: UnaryParts): (open: OpenStream, headers: IncomingHttpHeaders) => void {
  return (open, headers) => {
    const call = new UnaryCall(open, headers, parts);
    parts.deadlines.watch(call);
    open.readBy(call);
  };
}

/**
 * From its HTTP/2 stream to its HTTP/2 stream: with everything that grpc-js does for RPCs of any kind, a call takes 35 % more CPU
 * time.
 */
class UnaryCall extends CallContext implements QueuedCall, StreamReader, Overdue {
  readonly #open: OpenStream;
  readonly #parts: UnaryParts;
  readonly #request = new RequestMessage();
  #message: Buffer | undefined;

  constructor(open: OpenStream, headers: IncomingHttpHeaders, parts: UnaryParts) {
    super(open.deadline, { get: (name) => headers[name] }, open.waitMs);
    this.#open = open;
    this.#parts = parts;
  }

  onData(chunk: Buffer): void {
    if (this.#isOver) return;
    const error = this.#request.add(chunk);
    if (error !== undefined) this.#fail(error);
  }

  onEnd(): void {
    if (this.#isOver) return;
    const request = this.#request.end();
    if ('error' in request) return this.#fail(request.error);
    this.#message = request.message;
    this.#open.peer.unary.add(this);
  }

  onClose(): void {
    this.#parts.deadlines.forget(this);
    this.#open.peer.unary.cancel(this);
    this.cancel();
  }

  onDeadline(): void {
    this.#fail(deadlineExceeded);
    this.#open.peer.unary.cancel(this);
    this.cancel();
  }

  start(reserved: number): void {
    const { unary } = this.#open.peer;
    void this.#parts.dispatch(this.#message!, this).then((outcome) => {
      if ('error' in outcome) {
        unary.finish(reserved, 0);
        this.#fail(outcome.error);
        return;
      }
      const { response } = outcome;
      const bytes = this.#open.isClosed ? 0 : response.length;
      this.#open.queued(bytes);
      unary.finish(reserved, bytes);
      respond(this.#open.stream, response);
    });
  }

  refuse(error: SessionError): void {
    this.#fail(toStatus(error, '', this.#parts.logger));
  }

  /** It was answered. */
  get #isOver(): boolean {
    return this.#open.isRefused || this.#open.stream.headersSent;
  }

  #fail(error: Status): void {
    answer(this.#open.stream, toAnswer(error));
  }
}

const responseHeaders: OutgoingHttpHeaders = {
  ':status': 200,
  'content-type': 'application/grpc+proto',
  'grpc-encoding': 'identity',
  'grpc-accept-encoding': 'identity',
};

/** The date is no part of gRPC. */
const responseOptions = { waitForTrailers: true, sendDate: false };

const trailers: OutgoingHttpHeaders = { 'grpc-status': status.OK, 'grpc-message': 'OK' };

function respond(stream: ServerHttp2Stream, response: Buffer): void {
  if (hasEnded(stream) || stream.headersSent) return;
  stream.respond(responseHeaders, responseOptions);
  stream.on('wantTrailers', sendTrailers);
  stream.end(withPrefix(response));
  freeEncoded(response);
}

function sendTrailers(this: ServerHttp2Stream): void {
  this.sendTrailers(trailers);
}
