import { SessionError } from '../errors/session-error';
import { assertJson, isTooDeep, maxDepth } from './json';

/** How values become the bytes that the sidecar stores. The sidecar does not look into them. */
export interface Codec {
  /**
   * Must give the same bytes for the same value, and at least one byte: whether a value was changed in place is found by
   * comparing bytes. Throw a TypeError for a value that cannot be stored.
   */
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

/** A codec as the rest of the client uses it: with errors that name the place. */
export interface ValueCodec {
  /** Throws a TypeError if the value can be told, before it is encoded, to be unfit. */
  check(value: unknown, path: string): void;
  encode(value: unknown, path: string): Buffer;
  decode(bytes: Buffer, path: string): unknown;
}

const mayOverflow = /[eE]\+?\d\d|\d{200}/;

const jsonCodec: ValueCodec = {
  check: assertJson,
  encode(value, path) {
    assertJson(value, path);
    return Buffer.from(JSON.stringify(value));
  },
  decode(bytes, path) {
    // It can be parsed, but not be written again.
    if (isTooDeep(bytes)) throw unreadable(path, `it is nested more than ${maxDepth} levels deep`);
    return readable(path, () => {
      const text = bytes.toString();
      const value = JSON.parse(text) as unknown;
      // A number past the greatest that JavaScript has becomes Infinity, which could not be written again.
      if (mayOverflow.test(text)) assertJson(value, path);
      return value;
    });
  },
};

/** @param codec the application's own; `undefined`: JSON. */
export function resolveCodec(codec: Codec | undefined): ValueCodec {
  if (codec === undefined) return jsonCodec;
  return {
    check() {},
    encode(value) {
      const bytes = codec.encode(value);
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    decode: (bytes, path) => readable(path, () => codec.decode(bytes)),
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
 * Without the codec's own error, in whatever form: such errors quote what they could not read, JSON.parse() for one, and what
 * is thrown here ends up in logs.
 */
function unreadable(path: string, why: string): SessionError {
  return new SessionError('VALUE_UNREADABLE', `The codec cannot decode what is stored at \`${path}\`: ${why}.`);
}

function nameOf({ constructor }: Error): string {
  return constructor.name || 'Error';
}
