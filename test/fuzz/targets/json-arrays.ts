import assert from 'node:assert/strict';
import type { Operation } from '../../../server/src/session/change';
import { applyOperations } from '../../../server/src/session/content';
import { generousLimits } from '../../support/store-harness';
import { Choices } from '../bytes/choices';
import { jsonValue, spaced, validJson } from '../bytes/texts';
import type { JsonValue } from '../bytes/texts';
import type { Target } from '../engine/target';

const key = 'list';

export const jsonArrays: Target = {
  name: 'json-arrays',
  property:
    'append gives the array that JSON.parse, push and JSON.stringify give, or refuses what is no array; unless_present finds equal elements, ' +
    'whatever space is between tokens; the work is linear.',
  guidedBy: ['server/src/session/json-array.ts', 'server/src/session/content.ts'],
  seeds: [
    [0, 2, 1, 1, 1, 0],
    [0, 0],
    [1, 3, 91, 49, 93, 1],
    [0, 255, 14, 3, 1, 12, 2],
  ].map((bytes) => Uint8Array.from(bytes)),
  maxSteps: (bytes) => 3000 + 40 * bytes,
  open() {
    let size = 0;
    return Promise.resolve({
      get size() {
        return size;
      },
      run(input) {
        const choices = new Choices(input);
        size = choices.isRare(4) ? appendToAnything(choices) : appendToArray(choices);
      },
    });
  },
};

/** @returns the bytes of array and elements */
function appendToArray(choices: Choices): number {
  const first: JsonValue[] = Array.from({ length: choices.below(12) }, () => jsonValue(choices, 1));
  const copies = choices.isRare(8) ? choices.pick([2, 20, 200]) : 1;
  const expected = Array.from({ length: copies }, () => first).flat();
  const array = Buffer.from(spaced(choices, expected));
  const operations: Operation[] = [];
  const isApplied: boolean[] = [];
  let size = array.length;
  while (!choices.isOver && operations.length < 50) {
    const element = jsonValue(choices, 1);
    const value = Buffer.from(spaced(choices, element));
    const unlessPresent = choices.byte() % 2 === 0;
    operations.push({ kind: 'append', key, value, unlessPresent });
    size += value.length;
    const isNew = !unlessPresent || !expected.some((one) => JSON.stringify(one) === JSON.stringify(element));
    isApplied.push(isNew);
    if (isNew) expected.push(element);
  }
  const applied = applyOperations({ data: new Map([[key, array]]), flash: new Map() }, operations, generousLimits);
  assert.ok(applied.status === 'applied', 'refused to append to an array');
  assert.deepEqual(JSON.parse(applied.content.data.get(key)!.toString()), expected, 'the array after appending');
  assert.deepEqual(
    applied.results.map((result) => result.applied),
    isApplied,
    'which elements were appended',
  );
  return size;
}

/** What an application stored without JSON may look like an array, or be one. */
function appendToAnything(choices: Choices): number {
  const operation = {
    kind: 'append',
    key,
    value: validJson(choices),
    unlessPresent: choices.byte() % 2 === 0,
  } as const;
  const before = choices.rest();
  const applied = applyOperations({ data: new Map([[key, before]]), flash: new Map() }, [operation], generousLimits);
  if (applied.status === 'refused') {
    assert.ok(!isArray(before), `refused to append to ${before.toString()}`);
    assert.deepEqual(applied.refusal, { kind: 'operand', operation: 0, problem: 'no_json_array' });
    return before.length;
  }
  const after = applied.content.data.get(key)!;
  if (isArray(before)) assert.ok(isArray(after), `${before.toString()} became ${after.toString()}`);
  return before.length;
}

function isArray(text: Buffer): boolean {
  try {
    return Array.isArray(JSON.parse(text.toString()));
  } catch {
    return false;
  }
}
