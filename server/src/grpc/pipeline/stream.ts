import { status } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { PipelineReply } from '@session-sidecar/proto/session/v1/pipeline';
import { Status } from '@session-sidecar/proto/google/rpc/status';
import type { Logger } from 'pino';
import { invalidArgument } from '../../session/errors';
import type { SessionError } from '../../session/errors';
import { CallQueue } from '../budgets/call-queue';
import type { SharedBudgets } from '../budgets/call-queue';
import { readOneAhead } from '../connections/grpc-js-internals';
import type { OutgoingMessage } from '../connections/grpc-js-internals';
import type { OpenStream } from '../connections/open-stream';
import { deadlineExceeded } from '../../rpc/dispatcher';
import type { Dispatch, Outcome } from '../../rpc/dispatcher';
import { encode } from '../../rpc/encoding';
import { maxMetadataBytes } from '../limits';
import { DeadlineTimer } from '../deadline-timer';
import type { ProcessPauses } from '../process-pauses';
import { arrivedTooLongAgo } from '../../rpc/refusals';
import { toServiceError, toStatus } from '../../rpc/status';
import { ChangeReports } from './change-reports';
import type { ChangeReportParts } from './change-reports';
import { FrameError, readFrame } from './frame-reader';
import type { Frame } from './frame-reader';
import { PipelinedCall } from './pipelined-call';
import type { CallRunner } from './pipelined-call';
import { PipelinedCalls } from './pipelined-calls';
import { ReplyBuffer } from './reply-buffer';

export type PipelineStream = ServerDuplexStream<Buffer, OutgoingMessage>;

export interface PipelineParts {
  readonly dispatchers: ReadonlyMap<string, Dispatch>;
  readonly budgets: SharedBudgets;
  readonly pauses: ProcessPauses;
  readonly changes: ChangeReportParts;
  readonly logger: Logger;
}

/** Maximum number of calls per frame. */
const callsPerFrame = 1024;

/** While this much is queued, no further frame is read. With less, a client of many small frames would starve. */
const readAhead = { calls: 32, bytes: 64 * 1024 } as const;

/**
 * One stream, with backpressure: calls are queued until there is room and the client has read its replies, and no frame is read
 * while many are queued.
 */
export class Pipeline implements CallRunner {
  readonly #stream: PipelineStream;
  readonly #open: OpenStream;
  readonly #parts: PipelineParts;
  /** Calls in flight or queued, by id. */
  readonly #known = new PipelinedCalls<PipelinedCall>();
  readonly #queue: CallQueue;
  readonly #replies: ReplyBuffer;
  readonly #reports: ChangeReports;
  readonly #deadlineTimer = new DeadlineTimer(() => this.#endOverdue());
  /** Bytes of frames whose calls are queued. */
  #frameBytes = 0;
  /** When reading was paused; frames may wait since then. */
  #behindSince: number | undefined;
  #requestsEnded = false;
  #closed = false;

  constructor(stream: PipelineStream, open: OpenStream, parts: PipelineParts) {
    this.#stream = stream;
    this.#open = open;
    this.#parts = parts;
    this.#queue = new CallQueue(parts.budgets, open.peer, parts.budgets.limits.callsPerStream, () => this.#readOn());
    this.#reports = new ChangeReports(parts.changes, () => this.#replies.reportPending());
    this.#replies = new ReplyBuffer({
      takeReport: () => this.#reports.take(),
      write: (frame, onTaken) => void stream.write(frame, onTaken),
      taken: (bytes) => open.taken(bytes),
      flushed: () => this.#endWhenDone(),
      unblocked: () => this.#queue.unblock(),
    });
    open.onRefuse((error) => this.#end(error));
    readOneAhead(stream);
    stream.on('data', (frame: Buffer) => this.#receive(frame));
    stream.on('end', () => {
      this.#requestsEnded = true;
      this.#reports.close();
      this.#endWhenDone();
    });
    stream.on('cancelled', () => this.#close());
  }

  announceDraining(): void {
    this.#replies.announceDraining();
  }

  #receive(bytes: Buffer): void {
    if (this.#closed) return;
    const frame = this.#read(bytes);
    if (frame === undefined) return;
    this.#frameBytes += bytes.length;
    const now = performance.now();
    const behindMs = now - (this.#behindSince ?? now);
    const waitMs = Math.max(behindMs, this.#open.peer.reading.waitMs(now), this.#parts.pauses.waitMs);
    const calls: PipelinedCall[] = [];
    for (const call of frame.calls) {
      if (this.#known.get(call.id) !== undefined) {
        this.#refuseFrame('Expected an id that no call in flight has.');
        return;
      }
      const pipelined = new PipelinedCall(this, call, now, waitMs);
      calls.push(pipelined);
      this.#known.add(pipelined);
    }
    for (const call of calls) this.#take(call);
    for (const id of frame.cancelled) this.#forget(id);
    if (frame.confirm !== 0) this.#reports.confirm(frame.confirm);
    if (this.#queue.size === 0) this.#readOn();
    else if (this.#queue.size >= readAhead.calls || this.#frameBytes >= readAhead.bytes) this.#pause();
  }

  #read(bytes: Buffer): Frame | undefined {
    try {
      return readFrame(bytes, callsPerFrame);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#refuseFrame(error.message);
      return undefined;
    }
  }

  #take(call: PipelinedCall): void {
    const dispatch = this.#parts.dispatchers.get(call.method);
    if (dispatch === undefined) {
      this.#answer(call, unknownMethod);
    } else if (call.hasTooMuchMetadata) {
      const description = `Expected at most ${maxMetadataBytes} bytes of metadata, got more.`;
      this.#answer(call, this.#statusOf(invalidArgument([{ field: 'metadata', description }])));
    } else if (call.isStale) {
      this.#parts.budgets.observer.refused('paused');
      this.#answer(call, this.#statusOf(arrivedTooLongAgo()));
    } else {
      call.dispatch = dispatch;
      this.#deadlineTimer.watch(call.deadline);
      this.#queue.add(call);
    }
  }

  #pause(): void {
    this.#behindSince ??= performance.now();
    this.#stream.pause();
  }

  /** No call is queued. */
  #readOn(): void {
    this.#open.consumed(this.#frameBytes);
    this.#frameBytes = 0;
    if (this.#closed || !this.#stream.isPaused()) return;
    this.#stream.resume();
    // Frames that have arrived are read within two turns of the event loop.
    setImmediate(() => setImmediate(() => this.#caughtUp()));
  }

  #caughtUp(): void {
    if (!this.#stream.isPaused()) this.#behindSince = undefined;
  }

  /** @internal */
  start(call: PipelinedCall, dispatch: Dispatch, reserved: number): void {
    void dispatch(call.request, call).then((outcome) => {
      const isAnswered = !call.cancelled && !this.#closed;
      const bytes = isAnswered ? bytesOf(outcome) : 0;
      if (isAnswered) this.#reply(call, toOutcome(outcome), bytes);
      // Last: a call that starts now comes after the reply.
      this.#queue.finish(reserved, bytes);
    });
  }

  /** @internal It was queued too long. */
  refuse(call: PipelinedCall, error: SessionError): void {
    this.#answer(call, this.#statusOf(error));
  }

  #answer(call: PipelinedCall, error: Status): void {
    const bytes = bytesOf({ error });
    this.#open.peer.replies.finish(0, bytes);
    this.#reply(call, { $case: 'error', value: error }, bytes);
  }

  #reply(call: PipelinedCall, outcome: NonNullable<PipelineReply['outcome']>, bytes: number): void {
    this.#known.delete(call.id);
    this.#open.queued(bytes);
    this.#replies.add({ id: call.id, outcome }, bytes, this.#known.size === 0);
    if (this.#replies.isBlocked()) this.#queue.block();
  }

  /** The client cancelled the call. Its id is free again. */
  #forget(id: number): void {
    const call = this.#known.get(id);
    if (call === undefined) return;
    this.#known.delete(id);
    this.#queue.cancel(call);
    call.cancel();
  }

  /** @returns the earliest deadline of those that are not overdue. */
  #endOverdue(): number {
    let next = Infinity;
    for (const call of this.#known.values()) {
      if (!call.deadlineExceeded) {
        next = Math.min(next, call.deadline);
        continue;
      }
      this.#queue.cancel(call);
      this.#answer(call, deadlineExceeded);
      call.cancel();
    }
    return next;
  }

  #endWhenDone(): void {
    if (!this.#requestsEnded || this.#closed || this.#known.size > 0 || !this.#replies.isEmpty) return;
    this.#stop();
    this.#stream.end();
  }

  /** Ends only this stream, because of an invalid frame. */
  #refuseFrame(description: string): void {
    this.#parts.budgets.observer.refused('frame');
    this.#end(invalidArgument([{ field: 'calls', description }]));
  }

  #end(error: SessionError): void {
    if (this.#closed) return;
    this.#replies.flush();
    this.#stream.emit('error', toServiceError(this.#statusOf(error)));
    this.#close();
  }

  #close(): void {
    this.#stop();
    for (const call of this.#known.values()) call.cancel();
    this.#known.clear();
  }

  #stop(): void {
    this.#closed = true;
    this.#deadlineTimer.stop();
    this.#replies.close();
    this.#reports.close();
    this.#queue.close();
  }

  #statusOf(error: SessionError): Status {
    return toStatus(error, 'Pipeline', this.#parts.logger);
  }
}

function bytesOf(outcome: Outcome): number {
  return 'response' in outcome ? outcome.response.length : encode(Status, outcome.error).length;
}

function toOutcome(outcome: Outcome): NonNullable<PipelineReply['outcome']> {
  return 'response' in outcome
    ? { $case: 'response', value: outcome.response }
    : { $case: 'error', value: outcome.error };
}

const unknownMethod: Status = {
  code: status.UNIMPLEMENTED,
  message: 'Unknown method.',
  details: [],
};
