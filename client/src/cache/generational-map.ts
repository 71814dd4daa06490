export interface Sized {
  /** Its size in bytes; may change only through {@link GenerationalMap.resize}. */
  bytes: number;
}

/**
 * A map that is bounded by the size of its values, and drops about those that were used least recently: values are added to the
 * young half, or moved there when they are used; when that is full, it becomes the old half, and what was left there is dropped.
 * Unlike with an exact order, most uses change nothing, which is what makes them fast.
 */
export class GenerationalMap<Value extends Sized> {
  readonly #halfBytes: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();
  #youngBytes = 0;
  #oldBytes = 0;

  constructor(maxBytes: number) {
    this.#halfBytes = maxBytes / 2;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get bytes(): number {
    return this.#youngBytes + this.#oldBytes;
  }

  /** Without counting as a use. */
  peek(key: string): Value | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** A value of more than half of the maximum size is not kept. */
  set(key: string, value: Value): void {
    this.delete(key);
    if (value.bytes > this.#halfBytes) return;
    if (this.#youngBytes + value.bytes > this.#halfBytes) this.#age();
    this.#young.set(key, value);
    this.#youngBytes += value.bytes;
  }

  resize(key: string, value: Value, bytes: number): void {
    this.delete(key);
    value.bytes = bytes;
    this.set(key, value);
  }

  delete(key: string): void {
    const young = this.#young.get(key);
    const old = this.#old.get(key);
    if (young !== undefined && this.#young.delete(key)) this.#youngBytes -= young.bytes;
    if (old !== undefined && this.#old.delete(key)) this.#oldBytes -= old.bytes;
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#youngBytes = 0;
    this.#oldBytes = 0;
  }

  #age(): void {
    this.#old = this.#young;
    this.#oldBytes = this.#youngBytes;
    this.#young = new Map();
    this.#youngBytes = 0;
  }
}
