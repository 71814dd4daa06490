import type { Mutation } from '../../../server/src/session/session-update';
import type { Choices } from './choices';
import { anyJson, names, validJson } from './texts';

/** Names that a request can bring: see nameViolations() in server/src/session/validation.ts. */
const allowedNames = names.filter(
  (name) => Buffer.byteLength(name) <= 256 && !/\p{Cc}/u.test(name) && !name.includes('\ufffd'),
);
const keys = allowedNames.filter((name) => name !== '');
const increments = [1, -1, 7, 2 ** 53 - 1, -(2 ** 53) + 1, 10 ** 15];
const kinds = [
  'append',
  'set',
  'append',
  'set_if_absent',
  'increment',
  'delete',
  'take',
  'push_flash',
  'pop_flash',
  'clear',
] as const;

/** Operations as they are when the checks of a request are behind them. */
export function someOperations(choices: Choices, most: number): Mutation[] {
  const operations: Mutation[] = [];
  while (!choices.isOver && operations.length < most) {
    const operation = oneOperation(choices);
    const copies = choices.isRare(64) ? choices.pick([2, 17, 200]) : 1;
    for (let copy = 0; copy < copies; copy += 1) operations.push(operation);
  }
  return operations;
}

function oneOperation(choices: Choices): Mutation {
  const kind = choices.pick(kinds);
  const key = fewFirst(choices, keys);
  const queue = fewFirst(choices, allowedNames);
  switch (kind) {
    case 'set':
    case 'set_if_absent':
      return { kind, key, value: notEmpty(anyJson(choices)) };
    case 'append':
      return { kind, key, value: validJson(choices), unlessPresent: choices.byte() % 2 === 0 };
    case 'increment':
      return { kind, key, by: choices.pick(increments) };
    case 'delete':
    case 'take':
      return { kind, key };
    case 'push_flash':
      return { kind, queue, message: notEmpty(anyJson(choices)), unlessPresent: choices.byte() % 2 === 0 };
    case 'pop_flash':
      return { kind, queue };
    case 'clear':
      return { kind };
  }
}

/** Mostly one of the first few, so that operations meet. */
function fewFirst(choices: Choices, list: readonly string[]): string {
  return choices.isRare(8) ? choices.pick(list) : list[choices.below(3)]!;
}

function notEmpty(value: Buffer): Buffer {
  return value.length === 0 ? Buffer.from('0') : value;
}
