/**
 * A map of at most so many entries, which forgets the one that was added first. It takes no memory until it is filled, unlike
 * lru-cache, and for reads that move nothing it needs no order but its own.
 */
export class FifoMap<Key, Value> {
  readonly #limit: number;
  readonly #entries = new Map<Key, Value>();

  /** @param limit maximum number of entries */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  /** Adds an entry, or replaces its value. */
  set(key: Key, value: Value): void {
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return;
    const [first] = this.#entries.keys();
    this.#entries.delete(first!);
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }
}
