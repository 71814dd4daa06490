/** What a caller sent along, by names in lower case: the metadata of gRPC, or what a pipeline has in its place. */
export interface CallerMetadata {
  get(name: string): unknown;
}

/** One call, as its caller sees it: until when it waits, and whether it still does. */
export class CallContext {
  #cancelled = false;
  #listeners: (() => void)[] | undefined;

  /** @param deadline until when it waits, by `performance.now()`; Infinity: for as long as it takes */
  constructor(
    readonly deadline: number,
    readonly metadata: CallerMetadata,
  ) {}

  /** Its caller does not wait any more: it gave up, is gone, or the deadline has passed. */
  get cancelled(): boolean {
    return this.#cancelled;
  }

  get deadlineExceeded(): boolean {
    return performance.now() >= this.deadline;
  }

  /** The same call for what is done on its behalf, which is cancelled by itself. */
  derive(): CallContext {
    return new CallContext(this.deadline, this.metadata);
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
