import type { PipelineReply } from '@session-sidecar/proto/session/v1/pipeline';
import type { OutgoingMessage } from '../connections/grpc-js-internals';
import type { Report } from './change-reports';
import { encodeDraining, encodeFrame } from './reply-frame';

/** A frame of replies is sent when it reaches this size, and exceeds it only for a single reply. Clients may reject 4 MiB. */
const frameBytes = 1024 * 1024;

/** Unread bytes of replies, above which no call should start. */
const blockedAtBytes = 2 * frameBytes;

interface SizedReply {
  readonly reply: PipelineReply;
  readonly bytes: number;
}

export interface ReplyTarget {
  /** Takes the report of changes. Called when no reply waits that may be older. */
  takeReport(): Report | undefined;
  /** @param onTaken is called when the client has taken the frame, or never will */
  write(frame: OutgoingMessage, onTaken: () => void): void;
  /** The client has taken the bytes of these replies. */
  taken(bytes: number): void;
  /** Everything that was added is written. */
  flushed(): void;
  /** There is room again after {@link ReplyBuffer.isBlocked}. */
  unblocked(): void;
}

/**
 * Coalesces replies into frames of bounded size: those that are ready together are sent together, and so are those that become
 * ready while a frame is being written. Node.js writes one frame of a stream per turn of the event loop, so on a busy process
 * smaller frames would queue without end.
 */
export class ReplyBuffer {
  readonly #target: ReplyTarget;
  #replies: SizedReply[] = [];
  #bytes = 0;
  #inFlightBytes = 0;
  #framesInFlight = 0;
  #flushScheduled = false;
  #isClosed = false;

  constructor(target: ReplyTarget) {
    this.#target = target;
  }

  /** The client does not read its replies. */
  isBlocked(): boolean {
    return this.#inFlightBytes + this.#bytes >= blockedAtBytes;
  }

  get isEmpty(): boolean {
    return this.#replies.length === 0;
  }

  /**
   * @param bytes of the reply, in the reply budget
   * @param isLast no other reply is due, so waiting for more would only cost time
   */
  add(reply: PipelineReply, bytes: number, isLast: boolean): void {
    if (this.#isClosed) return;
    this.#replies.push({ reply, bytes });
    this.#bytes += bytes;
    if (this.#bytes >= frameBytes) this.flush();
    else if (this.#framesInFlight > 0) return;
    else if (isLast) this.flush();
    else this.#scheduleFlush();
  }

  announceDraining(): void {
    if (!this.#isClosed) this.#target.write(encodeDraining(), () => {});
  }

  flush(): void {
    while (this.#replies.length > 0 && this.#inFlightBytes < frameBytes && !this.#isClosed) {
      let bytes = 0;
      const over = this.#replies.findIndex((next, index) => {
        bytes += next.bytes;
        return index > 0 && bytes > frameBytes;
      });
      const replies = this.#replies.splice(0, over < 0 ? this.#replies.length : over);
      this.#send(replies, this.#takeReport());
    }
    if (this.#replies.length > 0) return;
    // One at a time, so that a client that does not read costs no more than that.
    const report = this.#framesInFlight === 0 ? this.#takeReport() : undefined;
    if (report !== undefined) this.#send([], report);
    this.#target.flushed();
  }

  /** To be called when there are changes to report. */
  reportPending(): void {
    if (this.#framesInFlight === 0) this.#scheduleFlush();
  }

  close(): void {
    this.#isClosed = true;
    this.#replies = [];
    this.#bytes = 0;
  }

  #takeReport(): Report | undefined {
    return this.#replies.length > 0 || this.#isClosed ? undefined : this.#target.takeReport();
  }

  #send(sized: readonly SizedReply[], report: Report | undefined): void {
    const replies = sized.map(({ reply }) => reply);
    const bytes = sized.reduce((sum, reply) => sum + reply.bytes, 0);
    this.#bytes -= bytes;
    this.#inFlightBytes += bytes;
    this.#framesInFlight += 1;
    this.#target.write(encodeFrame(replies, report), () => {
      const wasBlocked = this.isBlocked();
      this.#inFlightBytes -= bytes;
      this.#framesInFlight -= 1;
      if (this.#isClosed) return;
      this.#target.taken(bytes);
      if (this.#framesInFlight === 0 || this.#bytes >= frameBytes) this.flush();
      if (wasBlocked && !this.isBlocked()) this.#target.unblocked();
    });
  }

  /**
   * In this turn of the event loop: writes in a setImmediate() would be sent only after Node.js has read what arrived meanwhile.
   */
  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    process.nextTick(() => {
      this.#flushScheduled = false;
      this.flush();
    });
  }
}
