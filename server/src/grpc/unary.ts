import type { handleUnaryCall, sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { SessionError } from '../session/errors';
import type { QueuedCall } from './budgets/call-queue';
import { CallContext } from '../rpc/call-context';
import { http2StreamOf } from './connections/grpc-js-internals';
import { openStreamOf } from './connections/open-stream';
import type { OpenStream } from './connections/open-stream';
import type { Dispatch } from '../rpc/dispatcher';
import { toServiceError, toStatus } from '../rpc/status';

/** The grpc-js handler of an RPC with one request and one response. */
export function serveUnary(dispatch: Dispatch, logger: Logger): handleUnaryCall<Buffer, Buffer> {
  return (call, answer) => {
    const open = openStreamOf(http2StreamOf(call));
    if (open.isRefused) return;
    const unary = new UnaryCall(call, open, dispatch, answer, logger);
    // grpc-js emits this at the deadline, too, and in any case at the end.
    call.once('cancelled', () => {
      open.peer.unary.cancel(unary);
      unary.cancel();
    });
    open.peer.unary.add(unary);
  };
}

class UnaryCall extends CallContext implements QueuedCall {
  readonly #request: Buffer;
  readonly #open: OpenStream;
  readonly #dispatch: Dispatch;
  readonly #answer: sendUnaryData<Buffer>;
  readonly #logger: Logger;

  constructor(
    { request, metadata }: ServerUnaryCall<Buffer, Buffer>,
    open: OpenStream,
    dispatch: Dispatch,
    answer: sendUnaryData<Buffer>,
    logger: Logger,
  ) {
    super(open.deadline, metadata, open.waitMs);
    this.#request = request;
    this.#open = open;
    this.#dispatch = dispatch;
    this.#answer = answer;
    this.#logger = logger;
  }

  start(reserved: number): void {
    const { unary } = this.#open.peer;
    void this.#dispatch(this.#request, this).then((outcome) => {
      if ('error' in outcome) {
        unary.finish(reserved, 0);
        this.#answer(toServiceError(outcome.error));
        return;
      }
      const bytes = this.#open.isClosed ? 0 : outcome.response.length;
      this.#open.queued(bytes);
      unary.finish(reserved, bytes);
      this.#answer(null, outcome.response);
    });
  }

  refuse(error: SessionError): void {
    this.#answer(toServiceError(toStatus(error, '', this.#logger)));
  }
}
