/** A call, as far as it matters for what it leaves with. */
export interface Outgoing {
  /** What it takes in a frame, about. */
  readonly bytes: number;
}

/** The most that a sidecar should get in one frame. A single call may take more. */
const maxFrameBytes = 1024 * 1024;

/**
 * A frame has half of the calls under way, so that the sidecar works on one half while the client looks at the replies of the
 * other. It costs both sides about as much as the least number of calls, so fewer would be dear; with the most, it costs little.
 */
const callsPerFrame = { least: 8, most: 32 } as const;

/** Calls that were made and not sent, oldest first, and when they leave. */
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
   * Alone, a call leaves at the end of this tick; while others are under way, those made in one turn of the event loop leave together.
   *
   * @param inFlight how many calls there are, sent or not, with this one
   */
  add(call: Call, inFlight: number): void {
    this.#calls.push(call);
    if (this.#isScheduled) return;
    const isAlone = inFlight === this.#calls.length;
    this.#scheduleFlush(isAlone ? atEndOfTick : setImmediate);
  }

  /**
   * Replies were given to their callers: what these call next leaves when all have looked at theirs. That is still in this turn of
   * the event loop, while what is written by a setImmediate() is sent by Node.js only after it has read what else has come.
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

  /** The calls of the next frame, of frames that are about equally large. Empty when there are none. */
  takeFrame(inFlight: number): Call[] {
    const { least, most } = callsPerFrame;
    const wanted = Math.min(most, Math.max(least, inFlight / 2));
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

/** After all that waits for promises has gone as far as it can. */
function atEndOfTick(callback: () => void): void {
  process.nextTick(callback);
}
