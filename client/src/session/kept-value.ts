import { EncodedValue } from '../transport/encoded-value';
import type { ValueCodec } from './codec';
import { copyJson, jsonBytes } from './json-copy';

/** Called when a value was decoded and kept, which takes more memory. */
export type OnDecoded = (value: KeptValue, key: string, bytes: number) => void;

/** Approximate size of the object, without what it holds. */
const overheadBytes = 56;

/**
 * A value of a session that is kept in memory and opened many times. Each reader gets a value of its own: a copy of one that was
 * decoded once, which takes a fraction of the time of decoding. Values of an application's own codec are decoded each time.
 */
export class KeptValue extends EncodedValue {
  readonly #onDecoded: OnDecoded;
  /** Never handed out. */
  #template: { readonly value: unknown; readonly bytes: number } | undefined;

  constructor(value: EncodedValue, onDecoded: OnDecoded) {
    super(value);
    this.#onDecoded = onDecoded;
  }

  /** The memory that it takes, approximately, in bytes. */
  get heldBytes(): number {
    return overheadBytes + this.length + (this.#template?.bytes ?? 0);
  }

  decode(codec: ValueCodec, key: string): unknown {
    if (this.#template !== undefined) return copyJson(this.#template.value);
    const value = codec.decode(this, key);
    if (!codec.isJson) return value;
    const bytes = jsonBytes(value);
    this.#template = { value, bytes };
    this.#onDecoded(this, key, bytes);
    return copyJson(value);
  }
}
