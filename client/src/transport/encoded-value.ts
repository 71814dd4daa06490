/**
 * A value of a session as the sidecar has it: its bytes, one per character of a string. Strings are in V8's heap, where short-lived
 * ones cost next to nothing. Buffers are outside, have more overhead, and may keep a whole frame alive
 * (docs/decisions/0053-values-as-strings.md).
 */
export class EncodedValue {
  readonly #latin1: string;

  constructor(value: Buffer | EncodedValue) {
    this.#latin1 = value instanceof EncodedValue ? value.#latin1 : value.toString('latin1');
  }

  /** How many bytes it has. */
  get length(): number {
    return this.#latin1.length;
  }

  get bytes(): Buffer {
    return Buffer.from(this.#latin1, 'latin1');
  }

  /** The text that the bytes are in UTF-8. */
  toString(): string {
    // ASCII is the same in both encodings, and nothing else has as many bytes as characters.
    const isAscii = Buffer.byteLength(this.#latin1) === this.#latin1.length;
    return isAscii ? this.#latin1 : this.bytes.toString();
  }

  equals(bytes: Buffer): boolean {
    return bytes.length === this.length && bytes.toString('latin1') === this.#latin1;
  }
}
