/** What the outbox needs to know about a call. */
export interface Outgoing {
  /** Its approximate size in a frame. */
  readonly bytes: number;
}

/** The maximum size of a frame with more than one call. */
const maxFrameBytes = 1024 * 1024;

/**
 * A frame has half of the calls in flight, so that the sidecar works on one half while the client handles the replies of the
 * other. A frame has a fixed cost of roughly eight calls, so smaller frames waste CPU; at 32 calls the fixed cost is negligible.
 */
const callsPerFrame = { min: 8, max: 32 } as const;

/** Coalesces calls into frames: calls that were not sent yet, oldest first, and when to flush them. */
export class Outbox<Call extends Outgoing> {
  readonly #flush: () => void;
  #calls: Call[] = [];
  #isScheduled = false;

  /** @param flush takes calls out and sends them, as far as it can */
  constructor(flush: () => void) {
    this.#flush = flush;
  }

  get size(): number {
    return this.#calls.length;
  }

  /**
   * With no other call in flight, the outbox is flushed at the end of this tick. Otherwise, calls made in one turn of the event
   * loop are flushed together.
   *
   * @param inFlight the number of calls, sent or not, including this one
   */
  add(call: Call, inFlight: number): void {
    this.#calls.push(call);
    if (this.#isScheduled) return;
    const isAlone = inFlight === this.#calls.length;
    this.#scheduleFlush(isAlone ? atEndOfTick : setImmediate);
  }

  /**
   * To be called after replies were passed to their callers: flushes the calls that these make next, once all have handled their
   * reply. That is within this turn of the event loop; what is written in a setImmediate() is sent only after the sockets were
   * read again.
   */
  flushAfterReplies(): void {
    this.#scheduleFlush((flush) => {
      queueMicrotask(() => {
        atEndOfTick(flush);
      });
    });
  }

  #scheduleFlush(schedule: (flush: () => void) => void): void {
    this.#isScheduled = true;
    schedule(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  /** Takes the calls of the next frame out. Frames are about equally large. Empty if there are no calls. */
  takeFrame(inFlight: number): Call[] {
    const { min, max } = callsPerFrame;
    const wanted = Math.min(max, Math.max(min, inFlight / 2));
    const frames = Math.max(1, Math.round(this.#calls.length / wanted));
    const limit = Math.ceil(this.#calls.length / frames);
    let bytes = 0;
    const over = this.#calls.findIndex((call, index) => {
      bytes += call.bytes;
      return index === limit || (index > 0 && bytes > maxFrameBytes);
    });
    return this.#calls.splice(0, over < 0 ? this.#calls.length : over);
  }

  takeAll(): Call[] {
    return this.#calls.splice(0);
  }

  keep(wanted: (call: Call) => boolean): void {
    this.#calls = this.#calls.filter(wanted);
  }
}

/** After the pending promise callbacks, and those that they cause. */
function atEndOfTick(callback: () => void): void {
  process.nextTick(callback);
}
