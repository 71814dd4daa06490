import { SessionError } from '../errors/session-error';
import type { EncodedValue } from '../transport/encoded-value';
import { assertJson, hasInexactInteger, isTooDeep, maxDepth } from './json';

/** Turns values into the bytes that the sidecar stores, and back. To the sidecar they are opaque. */
export interface Codec {
  /**
   * Must return the same bytes for equal values, because changes in place are detected by comparing bytes, and at least one
   * byte. Must throw a TypeError for a value that cannot be stored.
   */
  encode(value: unknown): Uint8Array;
  /** Returns a new value for the bytes that {@link encode} has returned. Whatever it throws becomes VALUE_UNREADABLE. */
  decode(bytes: Uint8Array): unknown;
}

/** A codec as the client uses it: its errors name the path of the value. */
export interface ValueCodec {
  /** Whether it decodes to what `JSON.parse()` returns. */
  readonly isJson: boolean;
  /** Throws a TypeError for a value that cannot be stored, as far as this is known before encoding it. */
  check(value: unknown, path: string): void;
  encode(value: unknown, path: string): Buffer;
  decode(value: EncodedValue, path: string): unknown;
  /** Decodes a value that is to be changed and stored again. Throws VALUE_UNREADABLE if that would change more than it should. */
  decodeExactly(value: EncodedValue, path: string): unknown;
}

const mayOverflow = /[eE]\+?\d\d|\d{200}/;

const jsonCodec: ValueCodec = {
  isJson: true,
  check: assertJson,
  encode(value, path) {
    assertJson(value, path);
    return Buffer.from(JSON.stringify(value));
  },
  decode(encoded, path) {
    const text = encoded.toString();
    // It could be parsed, but not stored again.
    if (isTooDeep(text)) throw unreadable(path, `it is nested more than ${maxDepth} levels deep`);
    return readable(path, () => {
      const value = JSON.parse(text) as unknown;
      // A number beyond the range of JavaScript is parsed as Infinity, which could not be stored again.
      if (mayOverflow.test(text)) assertJson(value, path);
      return value;
    });
  },
  decodeExactly(value, path) {
    if (hasInexactInteger(value.toString())) throw unreadable(path, 'it has an integer past 2^53, which would change');
    return this.decode(value, path);
  },
};

/** @param codec the application's own; `undefined`: JSON. */
export function resolveCodec(codec: Codec | undefined): ValueCodec {
  if (codec === undefined) return jsonCodec;
  const decode = ({ bytes }: EncodedValue, path: string): unknown => readable(path, () => codec.decode(bytes));
  return {
    isJson: false,
    check() {},
    encode(value) {
      const bytes = codec.encode(value);
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    decode,
    decodeExactly: decode,
  };
}

function readable(path: string, decode: () => unknown): unknown {
  try {
    return decode();
  } catch (error) {
    throw unreadable(path, `it threw ${error instanceof Error ? nameOf(error) : `a ${typeof error}`}`);
  }
}

/**
 * Contains nothing of the codec's own error, because SessionErrors are logged, and errors such as those of JSON.parse() quote
 * the input.
 */
function unreadable(path: string, why: string): SessionError {
  return new SessionError('VALUE_UNREADABLE', `The codec cannot decode what is stored at \`${path}\`: ${why}.`);
}

function nameOf({ constructor }: Error): string {
  return constructor.name || 'Error';
}
