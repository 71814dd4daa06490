/** What a caller sent along, by names in lower case: the metadata of gRPC, or what a pipeline has in its place. */
export interface CallerMetadata {
  get(name: string): unknown;
}

/** One call, as its caller sees it: until when it waits, and whether it still does. */
export class CallContext {
  #cancelled = false;
  #listeners: (() => void)[] | undefined;

  /**
   * @param deadline until when it waits at most, by `performance.now()`; Infinity: for as long as it takes
   * @param waitMs for how long it may have waited to be read, which its timeout does not tell
   */
  constructor(
    readonly deadline: number,
    readonly metadata: CallerMetadata,
    readonly waitMs = 0,
  ) {}

  /** Nothing is changed on its behalf from then on, because its caller may have given up. */
  get changeDeadline(): number {
    return this.deadline - this.waitMs;
  }

  /** Its caller does not wait any more: it gave up, is gone, or the deadline has passed. */
  get cancelled(): boolean {
    return this.#cancelled;
  }

  get deadlineExceeded(): boolean {
    return performance.now() >= this.deadline;
  }

  /** The same call for what is done on its behalf, which is cancelled by itself. */
  derive(): CallContext {
    return new CallContext(this.deadline, this.metadata, this.waitMs);
  }

  /** Calls `listener` once the caller stops waiting. */
  onCancel(listener: () => void): void {
    if (this.#listeners === undefined) this.#listeners = [listener];
    else this.#listeners.push(listener);
  }

  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    for (const listener of this.#listeners ?? []) listener();
  }
}
