import { status } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { PipelineRequest, PipelineResponse } from '@session-sidecar/proto/session/v1/pipeline';
import type { PipelineCall, PipelineReply } from '@session-sidecar/proto/session/v1/pipeline';
import { Status } from '@session-sidecar/proto/google/rpc/status';
import type { Logger } from 'pino';
import { invalidArgument } from '../session/errors';
import type { Calls } from './calls';
import { Caller, overdue } from './dispatcher';
import type { Dispatch, Outcome } from './dispatcher';
import { encode } from './encoding';
import { NextDeadline } from './next-deadline';
import { toServiceError, toStatus } from './status';

export type PipelineStream = ServerDuplexStream<Buffer, Buffer>;

export interface PipelineLimits {
  /** Most calls in one frame. */
  readonly callsPerFrame: number;
  /** Most calls of one stream under way; further ones wait, and no further frame is read. */
  readonly inFlightPerStream: number;
  /** Most calls of all streams together under way. */
  readonly inFlight: number;
  /** A frame of replies is sent when it has grown to this, and has more only for a single reply. Clients may refuse 4 MiB. */
  readonly frameBytes: number;
}

export const pipelineLimits: PipelineLimits = {
  callsPerFrame: 1024,
  inFlightPerStream: 256,
  inFlight: 2048,
  frameBytes: 1024 * 1024,
};

export interface PipelineParts {
  readonly dispatchers: ReadonlyMap<string, Dispatch>;
  readonly calls: Calls;
  readonly limits: PipelineLimits;
  readonly logger: Logger;
}

interface SizedReply {
  readonly reply: PipelineReply;
  readonly bytes: number;
}

interface Queued {
  readonly call: PipelineCall;
  readonly caller: Caller;
}

/** The places that all streams of the process share. */
export interface Places {
  /** Takes a place for one call. Where there is none, the pipeline is resumed when there is one. */
  enter(pipeline: Pipeline): boolean;
  leave(): void;
}

/**
 * One stream. Calls wait for room, and for the client to take its replies; reading pauses while calls wait: nothing grows.
 */
export class Pipeline {
  readonly #stream: PipelineStream;
  readonly #parts: PipelineParts;
  readonly #places: Places;
  /** Calls that were read and not answered, by id. */
  readonly #known = new Map<number, Caller>();
  /** Those of them that are not started, oldest first. */
  #queued: Queued[] = [];
  readonly #nextDeadline = new NextDeadline(() => this.#endOverdue());
  #underWay = 0;
  #replies: SizedReply[] = [];
  #replyBytes = 0;
  #flushScheduled = false;
  /** The client has not taken what was written last. */
  #blocked = false;
  #requestsEnded = false;
  #closed = false;

  constructor(stream: PipelineStream, parts: PipelineParts, places: Places) {
    this.#stream = stream;
    this.#parts = parts;
    this.#places = places;
    stream.on('data', (frame: Buffer) => {
      this.#receive(frame);
    });
    stream.on('drain', () => {
      this.#blocked = false;
      this.#flush();
      this.resume();
      this.#endWhenDone();
    });
    stream.on('end', () => {
      this.#requestsEnded = true;
      this.#endWhenDone();
    });
    stream.on('cancelled', () => {
      this.#close();
    });
  }

  announceDraining(): void {
    this.#write({ replies: [], draining: true });
  }

  /** Starts what waits, as far as there is room, and reads on when nothing waits any more. */
  resume(): void {
    while (this.#queued.length > 0 && !this.#blocked && this.#underWay < this.#parts.limits.inFlightPerStream) {
      if (!this.#places.enter(this)) return;
      const next = this.#queued.shift();
      if (next !== undefined) this.#start(next);
    }
    if (this.#queued.length === 0 && this.#stream.isPaused()) this.#stream.resume();
  }

  #receive(bytes: Buffer): void {
    if (this.#closed) return;
    const frame = readFrame(bytes);
    if (frame === undefined) {
      this.#refuse('Expected a PipelineRequest, got bytes that are none.');
      return;
    }
    const { calls, cancelled } = frame;
    const { callsPerFrame } = this.#parts.limits;
    if (calls.length > callsPerFrame) {
      this.#refuse(`Expected at most ${callsPerFrame} calls in a frame, got ${calls.length}.`);
      return;
    }
    const now = performance.now();
    for (const call of calls) {
      if (this.#known.has(call.id)) {
        this.#refuse('Expected an id that no call under way has.');
        return;
      }
      const caller = new Caller(call.timeoutMs === 0 ? Infinity : now + call.timeoutMs, call.metadata);
      this.#known.set(call.id, caller);
      this.#nextDeadline.watch(caller.deadline);
      this.#queued.push({ call, caller });
    }
    for (const id of cancelled) this.#forget(id);
    this.resume();
    if (this.#queued.length > 0) this.#stream.pause();
  }

  #start({ call: { id, method, request }, caller }: Queued): void {
    const dispatch = this.#parts.dispatchers.get(method);
    if (caller.isGone || dispatch === undefined) {
      this.#places.leave();
      this.#reply(id, caller, { error: unknownMethod });
      return;
    }
    this.#underWay += 1;
    void dispatch(request, caller).then((outcome) => {
      this.#underWay -= 1;
      this.#reply(id, caller, outcome);
      this.#places.leave();
      this.resume();
    });
  }

  /** Nobody waits for this call any more. Its id is free again. */
  #forget(id: number): void {
    const caller = this.#known.get(id);
    if (caller === undefined) return;
    this.#known.delete(id);
    caller.leave();
  }

  /** @returns the earliest deadline of those that are not overdue. */
  #endOverdue(): number {
    let next = Infinity;
    for (const [id, caller] of this.#known) {
      if (!caller.isOverdue) {
        next = Math.min(next, caller.deadline);
        continue;
      }
      this.#reply(id, caller, { error: overdue });
      caller.leave();
    }
    return next;
  }

  #reply(id: number, caller: Caller, outcome: Outcome): void {
    if (!caller.isGone) {
      this.#known.delete(id);
      const bytes = 'response' in outcome ? outcome.response.length : encode(Status, outcome.error).length;
      this.#replies.push({ reply: { id, outcome: toOutcome(outcome) }, bytes });
      this.#replyBytes += bytes;
    }
    // Nothing else is coming: waiting for more to send along would only cost time.
    if (this.#known.size === 0 || this.#replyBytes >= this.#parts.limits.frameBytes) this.#flush();
    else this.#scheduleFlush();
    this.#endWhenDone();
  }

  /**
   * What was found out together leaves together, and in this turn of the event loop: Node.js would send what is written by a
   * setImmediate() only after it has read what else has come.
   */
  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    process.nextTick(() => {
      this.#flushScheduled = false;
      this.#flush();
      this.#endWhenDone();
    });
  }

  #flush(): void {
    while (this.#replies.length > 0 && !this.#blocked && !this.#closed) {
      let bytes = 0;
      const over = this.#replies.findIndex((next, index) => {
        bytes += next.bytes;
        return index > 0 && bytes > this.#parts.limits.frameBytes;
      });
      const frame = this.#replies.splice(0, over < 0 ? this.#replies.length : over);
      for (const sent of frame) this.#replyBytes -= sent.bytes;
      this.#write({ replies: frame.map(({ reply }) => reply), draining: false });
    }
  }

  #write(response: PipelineResponse): void {
    if (this.#closed) return;
    this.#blocked = !this.#stream.write(encode(PipelineResponse, response));
  }

  #endWhenDone(): void {
    if (!this.#requestsEnded || this.#closed || this.#known.size > 0 || this.#replies.length > 0) return;
    this.#closed = true;
    this.#nextDeadline.stop();
    this.#stream.end();
  }

  /** Ends this stream, and no other, because of a frame that cannot be understood. */
  #refuse(description: string): void {
    this.#flush();
    const error = invalidArgument([{ field: 'calls', description }]);
    this.#stream.emit('error', toServiceError(toStatus(error, 'Pipeline', this.#parts.logger)));
    this.#close();
  }

  #close(): void {
    this.#closed = true;
    this.#nextDeadline.stop();
    this.#queued = [];
    this.#replies = [];
    this.#replyBytes = 0;
    for (const caller of this.#known.values()) caller.leave();
    this.#known.clear();
  }
}

function readFrame(bytes: Buffer): PipelineRequest | undefined {
  try {
    return PipelineRequest.decode(bytes);
  } catch {
    return undefined;
  }
}

function toOutcome(outcome: Outcome): NonNullable<PipelineReply['outcome']> {
  return 'response' in outcome
    ? { $case: 'response', value: outcome.response }
    : { $case: 'error', value: outcome.error };
}

const unknownMethod: Status = {
  code: status.UNIMPLEMENTED,
  message: 'This sidecar does not know the method.',
  details: [],
};
