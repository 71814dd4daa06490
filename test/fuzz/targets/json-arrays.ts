import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { Mutation } from '../../../server/src/session/session-update';
import { emptyContent } from '../../../server/src/session/content';
import type { SessionStore, UpdateOutcome } from '../../../server/src/session/session-store';
import { generousLimits, makeMemoryStore, twentyMinutes } from '../../support/store-harness';
import { Choices } from '../bytes/choices';
import { jsonValue, spaced, validJson } from '../bytes/texts';
import type { JsonValue } from '../bytes/texts';
import type { Target } from '../engine/target';

const key = 'list';
const ref = { handle: 'handle', secretHash: 'hash' };

export const jsonArrays: Target = {
  name: 'json-arrays',
  property:
    'append gives the array that JSON.parse, push and JSON.stringify give, or refuses what is no array; unless_present finds equal elements, ' +
    'whatever space is between tokens; the work is linear.',
  guidedBy: ['server/src/session', 'server/src/store/memory'],
  seeds: [
    [0, 2, 1, 1, 1, 0],
    [0, 0],
    [1, 3, 91, 49, 93, 1],
    [0, 255, 14, 3, 1, 12, 2],
  ].map((bytes) => Uint8Array.from(bytes)),
  maxSteps: (bytes) => 6000 + 40 * bytes,
  async open() {
    const { store, close } = await makeMemoryStore({ expiry: twentyMinutes, limits: generousLimits });
    let size = 0;
    return {
      get size() {
        return size;
      },
      async run(input) {
        const choices = new Choices(input);
        size = await (choices.isRare(4) ? appendToAnything(store, choices) : appendToArray(store, choices));
      },
      close,
    };
  },
};

/** @returns what came of appending, and the value afterwards */
async function append(
  store: SessionStore,
  value: Buffer,
  operations: readonly Mutation[],
): Promise<{ readonly outcome: UpdateOutcome; readonly after: Buffer }> {
  const content = { ...emptyContent, data: new Map([[key, value]]) };
  await store.create({ ...ref, content, csrfToken: 'csrf', idleTimeout: undefined, subject: undefined });
  const outcome = await store.update(ref, { mutations: operations });
  const loaded = await store.load(ref);
  await store.delete(ref);
  return { outcome, after: loaded!.session.data.get(key)! };
}

/** @returns the bytes of array and elements */
async function appendToArray(store: SessionStore, choices: Choices): Promise<number> {
  const first: JsonValue[] = Array.from({ length: choices.below(12) }, () => jsonValue(choices, 1));
  const copies = choices.isRare(8) ? choices.pick([2, 20, 200]) : 1;
  const expected = Array.from({ length: copies }, () => first).flat();
  const array = Buffer.from(spaced(choices, expected));
  const operations: Mutation[] = [];
  const isApplied: boolean[] = [];
  let size = array.length;
  while (!choices.isOver && operations.length < 50) {
    const element = jsonValue(choices, 1);
    const value = Buffer.from(spaced(choices, element));
    const unlessPresent = choices.byte() % 2 === 0;
    operations.push({ kind: 'append', key, value, unlessPresent });
    size += value.length;
    const isNew = !unlessPresent || !expected.some((one) => isDeepStrictEqual(one, element));
    isApplied.push(isNew);
    if (isNew) expected.push(element);
  }
  const { outcome, after } = await append(store, array, operations);
  assert.ok(outcome.status === 'updated', 'refused to append to an array');
  assert.deepEqual(JSON.parse(after.toString()), expected, 'the array after appending');
  assert.deepEqual(
    outcome.results.map((result) => result.applied),
    isApplied,
    'which elements were appended',
  );
  return size;
}

/** What an application stored without JSON may look like an array, or be one. */
async function appendToAnything(store: SessionStore, choices: Choices): Promise<number> {
  const operation = {
    kind: 'append',
    key,
    value: validJson(choices),
    unlessPresent: choices.byte() % 2 === 0,
  } as const;
  const before = choices.rest();
  const { outcome, after } = await append(store, before, [operation]);
  if (outcome.status === 'refused') {
    assert.ok(!isArray(before), 'refused to append to an array');
    assert.deepEqual(outcome.refusal, { kind: 'operand', mutation: 0, problem: 'no_json_array' });
    assert.deepEqual(after, before, 'a value that could not be appended to was changed');
  } else if (isArray(before)) {
    assert.ok(isArray(after), 'an array is none after appending');
  }
  return before.length;
}

function isArray(text: Buffer): boolean {
  try {
    return Array.isArray(JSON.parse(text.toString()));
  } catch {
    return false;
  }
}
