import { CallContext } from '../../rpc/call-context';
import type { Dispatch } from '../../rpc/dispatcher';
import type { SessionError } from '../../session/errors';
import type { QueuedCall } from '../budgets/call-queue';
import type { FrameCall } from './frame-reader';

/** The pipeline of a call. */
export interface CallRunner {
  start(call: PipelinedCall, dispatch: Dispatch, reserved: number): void;
  /** It was queued too long. */
  refuse(call: PipelinedCall, error: SessionError): void;
}

/** A call of a pipeline, until it is answered. */
export class PipelinedCall extends CallContext implements QueuedCall {
  readonly id: number;
  readonly method: string;
  readonly request: Buffer;
  readonly hasTooMuchMetadata: boolean;
  /** It may have waited longer to be read than its caller waits. */
  readonly isStale: boolean;
  dispatch: Dispatch | undefined;
  readonly #pipeline: CallRunner;

  constructor(
    pipeline: CallRunner,
    { id, method, request, timeoutMs, metadata, hasTooMuchMetadata }: FrameCall,
    now: number,
    waitMs: number,
  ) {
    super(timeoutMs === 0 ? Infinity : now + timeoutMs, metadata, waitMs);
    this.#pipeline = pipeline;
    this.id = id;
    this.method = method;
    this.request = request;
    this.hasTooMuchMetadata = hasTooMuchMetadata;
    this.isStale = waitMs > 0 && this.changeDeadline <= now;
  }

  start(reserved: number): void {
    if (this.dispatch !== undefined) this.#pipeline.start(this, this.dispatch, reserved);
  }

  refuse(error: SessionError): void {
    this.#pipeline.refuse(this, error);
  }
}
