import { status } from '@grpc/grpc-js';
import type { Status } from '@session-sidecar/proto/google/rpc/status';
import { maxMessageBytes } from '../limits';
import { ownBytes } from '../own-bytes';

/** One byte that says whether the message is compressed, and four with its length. */
const prefixBytes = 5;

/**
 * The only message of a request, as its bytes arrive
 * (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests).
 */
export class RequestMessage {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** With the prefix; `undefined` until that has arrived. */
  #expectedBytes: number | undefined;

  /** @returns what is wrong with it, or `undefined` */
  add(chunk: Buffer): Status | undefined {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#expectedBytes === undefined) {
      if (this.#bytes < prefixBytes) return undefined;
      const prefix = this.#joined();
      if (prefix[0] !== 0) return compressed;
      const length = prefix.readUInt32BE(1);
      if (length > maxMessageBytes) return tooLarge(length);
      this.#expectedBytes = prefixBytes + length;
    }
    return this.#bytes > this.#expectedBytes ? notOne : undefined;
  }

  /** All bytes have arrived. @returns the message, or what is wrong with it */
  end(): { readonly message: Buffer } | { readonly error: Status } {
    if (this.#bytes !== this.#expectedBytes) return { error: notOne };
    return { message: ownBytes(this.#joined().subarray(prefixBytes)) };
  }

  #joined(): Buffer {
    const [first, ...others] = this.#chunks;
    if (first !== undefined && others.length === 0) return first;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}

/** A response behind its prefix. */
export function withPrefix(message: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(prefixBytes + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  message.copy(framed, prefixBytes);
  return framed;
}

const notOne: Status = {
  code: status.UNIMPLEMENTED,
  message: 'Expected a request of exactly one message.',
  details: [],
};

const compressed: Status = {
  code: status.INTERNAL,
  message: 'Expected a message that is not compressed, because grpc-encoding names no compression.',
  details: [],
};

function tooLarge(bytes: number): Status {
  return {
    code: status.RESOURCE_EXHAUSTED,
    message: `Expected a message of at most ${maxMessageBytes} bytes, got ${bytes}.`,
    details: [],
  };
}
