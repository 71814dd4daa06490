import type { Random } from './random';

/** Changes an input a little; may give one that is longer than allowed. */
type Mutation = (input: Buffer, random: Random, context: MutatorContext) => Buffer;

export interface MutatorContext {
  readonly dictionary: readonly Buffer[];
  /** Another input that is worth a part of itself. */
  readonly other: Buffer;
  readonly maxBytes: number;
}

const interestingBytes = [0, 1, 7, 8, 9, 10, 13, 32, 34, 44, 45, 48, 57, 58, 59, 61, 92, 127, 128, 192, 239, 254, 255];
const mostAtOnce = 8;

/** Copies of part of an input that are made at once: enough to meet limits of count and size. */
const manyCopies = [2, 3, 16, 257, 1025, 4097];

const mutations: readonly Mutation[] = [
  (input, random) => overwrite(input, random, (byte) => byte ^ (1 << random.below(8))),
  (input, random) => overwrite(input, random, () => random.below(256)),
  (input, random) => overwrite(input, random, () => random.pick(interestingBytes)),
  (input, random) => overwrite(input, random, (byte) => byte + random.pick([-1, 1, -16, 16])),
  (input, random) => splice(input, random.below(input.length + 1), 0, random.bytes(1 + random.below(8))),
  (input, random, { dictionary }) =>
    dictionary.length === 0 ? input : splice(input, random.below(input.length + 1), 0, random.pick(dictionary)),
  (input, random, { dictionary }) => {
    if (dictionary.length === 0) return input;
    const word = random.pick(dictionary);
    return splice(input, random.below(input.length + 1), word.length, word);
  },
  (input, random) => {
    const [from, length] = range(input, random);
    return splice(input, from, length, Buffer.alloc(0));
  },
  (input, random) => {
    const [from, length] = range(input, random);
    return splice(input, random.below(input.length + 1), 0, input.subarray(from, from + length));
  },
  (input, random) => {
    const [from, length] = range(input, random);
    return splice(input, random.below(input.length + 1), length, input.subarray(from, from + length));
  },
  (input, random, { other }) => {
    const [from, length] = range(other, random);
    return splice(input, random.below(input.length + 1), 0, other.subarray(from, from + length));
  },
  (input, random, { other }) =>
    Buffer.concat([input.subarray(0, random.below(input.length + 1)), other.subarray(random.below(other.length + 1))]),
  (input, random) => input.subarray(0, random.below(input.length + 1)),
];

/** @returns a changed copy of an input, at most `maxBytes` long */
export function mutate(input: Buffer, random: Random, context: MutatorContext): Buffer {
  let changed = input;
  const count = 1 + random.below(1 + random.below(mostAtOnce));
  for (let done = 0; done < count; done += 1) changed = random.pick(mutations)(changed, random, context);
  if (random.below(256) === 0) changed = repeatPart(changed, random, context.maxBytes);
  return changed.length > context.maxBytes ? changed.subarray(0, context.maxBytes) : changed;
}

function repeatPart(input: Buffer, random: Random, maxBytes: number): Buffer {
  const [from, length] = range(input, random);
  if (length === 0) return input;
  const copies = Math.min(random.pick(manyCopies), Math.floor(maxBytes / length));
  const part = Buffer.concat(Array.from({ length: copies }, () => input.subarray(from, from + length)));
  return splice(input, from, 0, part);
}

function overwrite(input: Buffer, random: Random, change: (byte: number) => number): Buffer {
  if (input.length === 0) return random.bytes(1);
  const copy = Buffer.from(input);
  const at = random.below(copy.length);
  copy[at] = change(copy[at]!);
  return copy;
}

function splice(input: Buffer, at: number, deleted: number, inserted: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, at), inserted, input.subarray(at + deleted)]);
}

/** Where a part begins and how long it is; short ones are likelier. */
function range(input: Buffer, random: Random): readonly [number, number] {
  const from = random.below(input.length + 1);
  return [from, random.below(1 + random.below(input.length - from + 1))];
}
