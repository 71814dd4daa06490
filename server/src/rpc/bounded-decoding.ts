import { BinaryReader } from '@bufbuild/protobuf/wire';
import { invalidArgument } from '../session/errors';
import { tooLarge } from './refusals';
import type { RefusalObserver } from './refusals';

interface MessageType {
  decode(input: BinaryReader | Uint8Array): unknown;
}

export interface DecodingLimits {
  readonly maxMutations: number;
  readonly observer: RefusalObserver;
}

/** Messages of up to this many bytes are harmless to decode. */
const unboundedBytes = 16 * 1024;

/** Three times the maximum number of tags, lengths and small numbers in a mutation. */
const numbersPerMutation = 24;

/**
 * Decodes a request, and stops when it has more parts than a request may have: a part takes two bytes to send and hundreds to hold.
 *
 * @throws SessionError INVALID_ARGUMENT, REQUEST_TOO_LARGE
 */
export function decodeBounded(type: MessageType, bytes: Uint8Array, limits: DecodingLimits): unknown {
  const { maxMutations } = limits;
  const request = decode(type, bytes, limits);
  const { mutations } = request as { readonly mutations?: readonly unknown[] };
  if (mutations !== undefined && mutations.length > maxMutations) throw refuse(limits);
  return request;
}

function decode(type: MessageType, bytes: Uint8Array, limits: DecodingLimits): unknown {
  const numbers = numbersPerMutation * (limits.maxMutations + 10);
  try {
    return type.decode(bytes.length <= unboundedBytes ? bytes : new BoundedReader(bytes, numbers));
  } catch (cause) {
    if (cause instanceof TooManyNumbersError) throw refuse(limits);
    const problem = cause instanceof Error ? cause.message : 'unknown problem';
    throw invalidArgument([{ field: '', description: `Could not decode the request: ${problem}.` }]);
  }
}

function refuse({ maxMutations, observer }: DecodingLimits): Error {
  observer.refused('mutations');
  return tooLarge(
    `The request has more than ${maxMutations} mutations, or more fields than these can have.`,
    maxMutations,
    'maxMutations',
  );
}

class TooManyNumbersError extends Error {
  override readonly name = 'TooManyNumbersError';
}

/** Limits how many numbers are read: every field, at every depth, begins with one. */
class BoundedReader extends BinaryReader {
  /** @param numbers how many tags, lengths and other numbers of up to 32 bits may be read */
  constructor(bytes: Uint8Array, numbers: number) {
    super(bytes);
    // In the base class, this is a property, not a method.
    this.uint32 = counted(this.uint32.bind(this), numbers);
  }
}

function counted(read: () => number, limit: number): () => number {
  let left = limit;
  return () => {
    left -= 1;
    if (left < 0) throw new TooManyNumbersError();
    return read();
  };
}
