/** Makes decisions out of an input's bytes, so that changing bytes changes decisions. When they are used up, every decision is the first one. */
export class Choices {
  readonly #input: Buffer;
  #at = 0;

  constructor(input: Buffer) {
    this.#input = input;
  }

  get isOver(): boolean {
    return this.#at >= this.#input.length;
  }

  byte(): number {
    return this.#input[this.#at++] ?? 0;
  }

  /** From 0 to `limit` - 1; at most 65,536. */
  below(limit: number): number {
    return (limit <= 256 ? this.byte() : this.byte() * 256 + this.byte()) % limit;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** True once in `often` times. */
  isRare(often: number): boolean {
    return this.below(often) === often - 1;
  }

  /** Bytes of the input as they are; fewer when it ends. */
  take(length: number): Buffer {
    const taken = this.#input.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }

  rest(): Buffer {
    return this.take(this.#input.length);
  }

  text(maxBytes: number): string {
    return this.take(this.below(maxBytes + 1)).toString('utf8');
  }
}
