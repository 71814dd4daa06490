/**
 * A promise that knows whether anything waits for it. If nothing does, its rejection is not an unhandled one: that is up to its
 * creator.
 */
export class ObservedPromise<Value> extends Promise<Value> {
  #isObserved = false;

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  static of<Value>(promise: Promise<Value>): ObservedPromise<Value> {
    const observed = new ObservedPromise<Value>((resolve, reject) => {
      promise.then(resolve, reject);
    });
    void Promise.prototype.then.call(observed, undefined, () => {});
    return observed;
  }

  get isObserved(): boolean {
    return this.#isObserved;
  }

  override then<Fulfilled = Value, Rejected = never>(
    onFulfilled?: ((value: Value) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    this.#isObserved = true;
    return super.then(onFulfilled, onRejected);
  }
}
