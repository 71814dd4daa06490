/** A call's metadata, by names in lower case: that of gRPC, or its counterpart in a pipeline. */
export interface CallerMetadata {
  get(name: string): unknown;
}

/** The timer of grpc-js counts whole milliseconds of the wall clock, and may cancel a call this long before its deadline, in ms. */
const earlyMs = 2;

/** The caller's side of a call: its deadline, its metadata, and whether it was cancelled. */
export class CallContext {
  #onCancelled: (() => void) | undefined;
  #cancelled = false;
  #controller: AbortController | undefined;

  /**
   * @param deadline by `performance.now()`; Infinity: none
   * @param waitMs how long it may have waited to be read, which its timeout does not include
   */
  constructor(
    readonly deadline: number,
    readonly metadata: CallerMetadata,
    readonly waitMs = 0,
  ) {}

  /** From then on, nothing is changed for the call, because its caller may have stopped waiting. */
  get changeDeadline(): number {
    return this.deadline - this.waitMs;
  }

  /** The caller no longer waits: it cancelled, disconnected, or the deadline has passed. */
  get cancelled(): boolean {
    return this.#cancelled;
  }

  get deadlineExceeded(): boolean {
    return performance.now() >= this.deadline;
  }

  /** Whether a cancellation now is due to the deadline, and not to the caller. */
  get isCancelledByDeadline(): boolean {
    return performance.now() + earlyMs >= this.deadline;
  }

  /** Aborts when the call is cancelled. Created on first use. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#cancelled) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /**
   * Sets the dispatcher's handler of a cancellation. Separate, because it is set for every call and an AbortSignal costs as much as
   * the rest of a read; everything else uses {@link signal}.
   */
  onCancelled(handle: () => void): void {
    this.#onCancelled = handle;
  }

  /** The same call for work on its behalf, which is cancelled separately. */
  derive(): CallContext {
    return new CallContext(this.deadline, this.metadata, this.waitMs);
  }

  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#onCancelled?.();
    this.#controller?.abort();
  }
}
