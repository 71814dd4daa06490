import { describe, expect, test } from '@jest/globals';
import { resolveCodec } from '../../../client/src/codec';
import { Fields } from '../../../client/src/fields';
import type { Batch } from '../../../client/src/fields';

const fieldsWith = (data: Record<string, string> = {}) =>
  new Fields(resolveCodec(undefined), new Map(Object.entries(data).map(([key, text]) => [key, Buffer.from(text)])));

/** The mutations as one line of text each. */
const sent = ({ mutations }: Batch) =>
  mutations.map(({ kind }) => {
    const { key, value } = kind!.value as { key?: string; value?: Buffer };
    return [kind!.$case, key, value?.toString()].filter((part) => part !== undefined).join(' ');
  });
const pending = (fields: Fields) => sent(fields.capture(false));
const applied = { applied: true };

describe('capture() of a stored session', () => {
  test('is empty when nothing was written', () => {
    const fields = fieldsWith({ a: '1', b: '{}' });
    fields.get('a');
    fields.get('b');
    expect(pending(fields)).toEqual([]);
    expect(fields.hasChanges(false)).toBe(false);
  });

  test('has each key that was set once, with its last value', () => {
    const fields = fieldsWith({ a: '1' });
    fields.set('a', 2);
    fields.set('b', 3);
    fields.set('a', 4);
    expect(pending(fields)).toEqual(['set a 4', 'set b 3']);
  });

  test('has a key that was set to the value it has, because another request may have changed it', () => {
    const fields = fieldsWith({ a: '1' });
    fields.set('a', 1);
    expect(pending(fields)).toEqual(['set a 1']);
  });

  test('has the deletion of a key that was loaded', () => {
    const fields = fieldsWith({ a: '1' });
    expect(fields.delete('a')).toBe(true);
    expect(pending(fields)).toEqual(['delete a']);
  });

  test('has nothing for a key that was not there, set and deleted', () => {
    const fields = fieldsWith();
    fields.set('a', 1);
    expect(fields.delete('a')).toBe(true);
    expect(fields.delete('b')).toBe(false);
    expect(pending(fields)).toEqual([]);
  });

  test('has the deletion of a key whose value may have been stored by a save that got no answer', () => {
    const fields = fieldsWith();
    fields.set('a', 1);
    fields.capture(false);
    fields.delete('a');
    expect(pending(fields)).toEqual(['delete a']);
  });

  test('has what was written after clear(), but no deletions', () => {
    const fields = fieldsWith({ a: '1', b: '2' });
    fields.set('c', 3);
    fields.clear();
    fields.set('b', 4);
    fields.set('d', 5);
    fields.delete('d');
    expect(pending(fields)).toEqual(['clear', 'set b 4']);
  });

  test('has clear() even when nothing was loaded, because another request may have added something', () => {
    const fields = fieldsWith();
    fields.clear();
    expect(pending(fields)).toEqual(['clear']);
  });

  test('has a value that was changed inside, as a whole', () => {
    const fields = fieldsWith({ cart: '{"items":["tea"]}', other: '{}' });
    (fields.get('cart') as { items: string[] }).items.push('milk');
    fields.get('other');
    expect(pending(fields)).toEqual(['set cart {"items":["tea","milk"]}']);
  });

  test('has nothing for a value that was only read, however it was written', () => {
    const fields = fieldsWith({ cart: '{ "b": [1.0, "\\u00e9"] }' });
    fields.get('cart');
    expect(pending(fields)).toEqual([]);
  });

  test('has a value that was set, with what was changed inside it later', () => {
    const fields = fieldsWith();
    const cart = ['tea'];
    fields.set('cart', cart);
    cart.push('milk');
    expect(pending(fields)).toEqual(['set cart ["tea","milk"]']);
  });

  test('has a key that was touched, byte for byte if nobody looked at it', () => {
    const fields = fieldsWith({ a: '[ 1 ]' });
    fields.touch('a');
    fields.touch('b');
    expect(pending(fields)).toEqual(['set a [ 1 ]']);
  });

  test('fails with the place of a value that is no longer JSON', () => {
    const fields = fieldsWith({ cart: '[{}]' });
    (fields.get('cart') as { when?: Date }[])[0]!.when = new Date(0);
    expect(() => fields.capture(false)).toThrow('`cart[0].when`');
  });

  test('accepts any key, also one that objects have by themselves', () => {
    const fields = fieldsWith();
    fields.set('__proto__', 1);
    fields.set('constructor', 2);
    expect(fields.get('__proto__')).toBe(1);
    expect(fields.get('toString')).toBeUndefined();
    expect(pending(fields)).toEqual(['set __proto__ 1', 'set constructor 2']);
  });
});

describe('capture() of a new session', () => {
  test('has no removals, because there is nothing to remove', () => {
    const fields = fieldsWith();
    fields.set('a', 1);
    fields.capture(true);
    fields.delete('a');
    fields.clear();
    expect(fields.hasChanges(true)).toBe(false);
    expect(sent(fields.capture(true))).toEqual([]);
  });
});

describe('update()', () => {
  test('sets nothing when one value is not JSON', () => {
    const fields = fieldsWith();
    expect(() =>
      fields.update([
        ['a', 1],
        ['b', NaN],
      ]),
    ).toThrow(TypeError);
    expect(fields.size).toBe(0);
  });
});

describe('setDefault()', () => {
  test('gives the value that is there and records nothing', () => {
    const fields = fieldsWith({ a: '1' });
    expect(fields.setDefault('a', 2)).toBe(1);
    expect(pending(fields)).toEqual([]);
  });

  test('offers a default where there is no value', () => {
    const fields = fieldsWith();
    expect(fields.setDefault('a', 2)).toBe(2);
    expect(pending(fields)).toEqual(['setIfAbsent a 2']);
  });

  test('records an ordinary write when the default was changed inside afterwards', () => {
    const fields = fieldsWith();
    (fields.setDefault('a', []) as string[]).push('tea');
    expect(pending(fields)).toEqual(['set a ["tea"]']);
  });

  test('replaces a value that this session has removed', () => {
    const fields = fieldsWith({ a: '1' });
    fields.delete('a');
    fields.setDefault('a', 2);
    expect(pending(fields)).toEqual(['set a 2']);
  });

  test('takes over the value that another request has stored meanwhile', () => {
    const fields = fieldsWith();
    fields.setDefault('a', 2);
    fields.capture(false).settle([{ applied: false, value: Buffer.from('7') }]);
    expect(fields.get('a')).toBe(7);
    expect(pending(fields)).toEqual([]);
  });
});

describe('settle()', () => {
  test('leaves nothing to send', () => {
    const fields = fieldsWith({ a: '1', b: '[]', c: '3' });
    fields.set('a', 2);
    (fields.get('b') as number[]).push(1);
    fields.delete('c');
    fields.setDefault('d', 4);
    fields.capture(false).settle([applied, applied, applied, applied]);
    expect(fields.hasChanges(false)).toBe(false);
    expect(Object.fromEntries([...fields.keys()].map((key) => [key, fields.get(key)]))).toEqual({ a: 2, b: [1], d: 4 });
  });

  test('keeps what was written after the capture', () => {
    const fields = fieldsWith({ a: '1', b: '2', cart: '[]' });
    fields.set('a', 2);
    fields.set('x', 1);
    const batch = fields.capture(false);
    fields.set('a', 3);
    fields.delete('b');
    fields.delete('x');
    batch.settle([applied, applied]);
    expect(pending(fields)).toEqual(['set a 3', 'delete x', 'delete b']);
  });

  test('keeps a clear() that was called after the capture', () => {
    const fields = fieldsWith({ a: '1' });
    fields.clear();
    const batch = fields.capture(false);
    fields.set('b', 1);
    fields.clear();
    batch.settle([applied]);
    expect(pending(fields)).toEqual(['clear']);
  });

  test('finds later changes inside a value that was saved', () => {
    const fields = fieldsWith();
    const cart: string[] = [];
    fields.set('cart', cart);
    fields.capture(false).settle([applied]);
    cart.push('tea');
    expect(pending(fields)).toEqual(['set cart ["tea"]']);
  });
});

describe('without settle()', () => {
  test('everything is sent again', () => {
    const fields = fieldsWith({ a: '1', b: '2', cart: '[]' });
    fields.set('a', 2);
    fields.delete('b');
    fields.setDefault('c', 1);
    (fields.get('cart') as number[]).push(1);
    const first = pending(fields);
    expect(first).toHaveLength(4);
    expect(pending(fields)).toEqual(first);
  });
});
