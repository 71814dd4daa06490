/** What a caller sent along, by names in lower case: the metadata of gRPC, or what a pipeline has in its place. */
export interface CallerMetadata {
  get(name: string): unknown;
}

/** One call, as its caller sees it: its deadline, its metadata, and whether it was cancelled. */
export class CallContext {
  /**
   * What the dispatcher does when the call is cancelled. Its own, because it needs this of every call and an AbortSignal costs
   * as much as the rest of a read; whatever else wants to know uses {@link signal}.
   */
  onCancelled: (() => void) | undefined;
  #cancelled = false;
  #controller: AbortController | undefined;

  /**
   * @param deadline by `performance.now()`; Infinity: none
   * @param waitMs for how long it may have waited to be read, which its timeout does not include
   */
  constructor(
    readonly deadline: number,
    readonly metadata: CallerMetadata,
    readonly waitMs = 0,
  ) {}

  /** From then on, nothing is changed on its behalf, because its caller may have given up. */
  get changeDeadline(): number {
    return this.deadline - this.waitMs;
  }

  /** Its caller no longer waits: it cancelled the call, is gone, or the deadline has passed. */
  get cancelled(): boolean {
    return this.#cancelled;
  }

  get deadlineExceeded(): boolean {
    return performance.now() >= this.deadline;
  }

  /** Aborts when the call is cancelled. Made when it is first asked for. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#cancelled) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /** The same call for what is done on its behalf, which is cancelled separately. */
  derive(): CallContext {
    return new CallContext(this.deadline, this.metadata, this.waitMs);
  }

  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.onCancelled?.();
    this.#controller?.abort();
  }
}
