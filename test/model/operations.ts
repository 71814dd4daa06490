import fc from 'fast-check';
import type { Mutation, MutationResult } from '../../server/src/session/session-update';
import type { Json, ModelOperation, ModelResult } from './session-model';

export const key = fc.constantFrom('a', 'b', '__proto__', 'ключ', 'with space');
export const queue = fc.constantFrom('', 'errors', 'q 2');
export const json: fc.Arbitrary<Json> = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  fc.constantFrom('', 'x', 'tea, "hot" [1]', 'é\n', '2'),
  fc.array(fc.oneof(fc.integer({ min: 0, max: 2 }), fc.constantFrom('2', ',]')), { maxLength: 3 }),
  fc.constant(Number.MAX_SAFE_INTEGER),
);

const operation: fc.Arbitrary<ModelOperation> = fc.oneof(
  fc.record({ kind: fc.constantFrom('set', 'set_if_absent'), key, value: json }),
  fc.record({ kind: fc.constantFrom('delete', 'take'), key }),
  fc.record({ kind: fc.constant('clear') }),
  fc.record({ kind: fc.constant('append'), key, value: json, unlessPresent: fc.boolean() }),
  fc.record({ kind: fc.constant('increment'), key, by: fc.integer({ min: -9, max: 9 }).filter((by) => by !== 0) }),
  fc.record({ kind: fc.constant('push_flash'), queue, message: json, unlessPresent: fc.boolean() }),
  fc.record({ kind: fc.constant('pop_flash'), queue }),
);
export const operations = fc.array(operation, { maxLength: 4 });

export function toOperation(operation: ModelOperation): Mutation {
  switch (operation.kind) {
    case 'set':
    case 'set_if_absent':
    case 'append':
      return { ...operation, value: Buffer.from(JSON.stringify(operation.value)) };
    case 'push_flash':
      return { ...operation, message: Buffer.from(JSON.stringify(operation.message)) };
    default:
      return operation;
  }
}

export function fromResult({ applied, value, messages }: MutationResult): ModelResult {
  return {
    applied,
    ...(value !== undefined && { value: parse(value) }),
    ...(messages !== undefined && { messages: messages.map(parse) }),
  };
}

export function parse(value: Buffer): Json {
  return JSON.parse(value.toString()) as Json;
}
