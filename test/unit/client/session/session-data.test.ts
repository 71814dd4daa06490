import { describe, expect, test } from '@jest/globals';
import { resolveCodec } from '../../../../client/src/session/codec';
import { EncodedValue } from '../../../../client/src/transport/encoded-value';
import { SessionData } from '../../../../client/src/session/session-data';
import type { CapturedMutations } from '../../../../client/src/session/pending-writes';

const dataWith = (data: Record<string, string> = {}) =>
  new SessionData(
    resolveCodec(undefined),
    new Map(Object.entries(data).map(([key, text]) => [key, new EncodedValue(Buffer.from(text))])),
  );

/** The mutations as one line of text each. */
const sent = ({ mutations }: CapturedMutations) =>
  mutations.map(({ kind }) => {
    const { key, value } = kind!.value as { key?: string; value?: Buffer };
    return [kind!.$case, key, value?.toString()].filter((part) => part !== undefined).join(' ');
  });
const pending = (data: SessionData) => sent(data.capture('update'));
const applied = { applied: true, messages: [] };

describe('capture() of a stored session', () => {
  test('is empty when nothing was written', () => {
    const data = dataWith({ a: '1', b: '{}' });
    data.get('a');
    data.get('b');
    expect(pending(data)).toEqual([]);
    expect(data.hasChanges('update')).toBe(false);
  });

  test('has each key that was set once, with its last value', () => {
    const data = dataWith({ a: '1' });
    data.set('a', 2);
    data.set('b', 3);
    data.set('a', 4);
    expect(pending(data)).toEqual(['set a 4', 'set b 3']);
  });

  test('has a key that was set to the value it has, because another request may have changed it', () => {
    const data = dataWith({ a: '1' });
    data.set('a', 1);
    expect(pending(data)).toEqual(['set a 1']);
  });

  test('has the deletion of a key that was loaded', () => {
    const data = dataWith({ a: '1' });
    expect(data.delete('a')).toBe(true);
    expect(pending(data)).toEqual(['delete a']);
  });

  test('has nothing for a key that was not there, set and deleted', () => {
    const data = dataWith();
    data.set('a', 1);
    expect(data.delete('a')).toBe(true);
    expect(data.delete('b')).toBe(false);
    expect(pending(data)).toEqual([]);
  });

  test('has the deletion of a key whose value may have been stored by a save that got no answer', () => {
    const data = dataWith();
    data.set('a', 1);
    data.capture('update');
    data.delete('a');
    expect(pending(data)).toEqual(['delete a']);
  });

  test('has what was written after clear(), but no deletions', () => {
    const data = dataWith({ a: '1', b: '2' });
    data.set('c', 3);
    data.clear();
    data.set('b', 4);
    data.set('d', 5);
    data.delete('d');
    expect(pending(data)).toEqual(['clear', 'set b 4']);
  });

  test('has clear() even when nothing was loaded, because another request may have added something', () => {
    const data = dataWith();
    data.clear();
    expect(pending(data)).toEqual(['clear']);
  });

  test('has a value that was changed inside, as a whole', () => {
    const data = dataWith({ cart: '{"items":["tea"]}', other: '{}' });
    (data.get('cart') as { items: string[] }).items.push('milk');
    data.get('other');
    expect(pending(data)).toEqual(['set cart {"items":["tea","milk"]}']);
  });

  test('has nothing for a value that was only read, however it was written', () => {
    const data = dataWith({ cart: '{ "b": [1.0, "\\u00e9"] }' });
    data.get('cart');
    expect(pending(data)).toEqual([]);
  });

  test('has a value that was set, with what was changed inside it later', () => {
    const data = dataWith();
    const cart = ['tea'];
    data.set('cart', cart);
    cart.push('milk');
    expect(pending(data)).toEqual(['set cart ["tea","milk"]']);
  });

  test('has a key that was marked as changed, byte for byte if it was not read', () => {
    const data = dataWith({ a: '[ 1 ]' });
    data.markChanged('a');
    data.markChanged('b');
    expect(pending(data)).toEqual(['set a [ 1 ]']);
  });

  test('names the path of a value that is no longer JSON', () => {
    const data = dataWith({ cart: '[{}]' });
    (data.get('cart') as { when?: Date }[])[0]!.when = new Date(0);
    expect(() => data.capture('update')).toThrow('`cart[0].when`');
  });

  test('accepts any key, even one that objects inherit', () => {
    const data = dataWith();
    data.set('__proto__', 1);
    data.set('constructor', 2);
    expect(data.get('__proto__')).toBe(1);
    expect(data.get('toString')).toBeUndefined();
    expect(pending(data)).toEqual(['set __proto__ 1', 'set constructor 2']);
  });
});

describe('capture() of a new session', () => {
  test('has no removals, because there is nothing to remove', () => {
    const data = dataWith();
    data.set('a', 1);
    data.capture('create');
    data.delete('a');
    data.clear();
    expect(data.hasChanges('create')).toBe(false);
    expect(sent(data.capture('create'))).toEqual([]);
  });
});

describe('update()', () => {
  test('sets nothing when one value is not JSON', () => {
    const data = dataWith();
    expect(() =>
      data.update([
        ['a', 1],
        ['b', NaN],
      ]),
    ).toThrow(TypeError);
    expect(data.size).toBe(0);
  });
});

describe('setDefault()', () => {
  test('gives the value that is there and records nothing', () => {
    const data = dataWith({ a: '1' });
    expect(data.setDefault('a', 2)).toBe(1);
    expect(pending(data)).toEqual([]);
  });

  test('offers a default where there is no value', () => {
    const data = dataWith();
    expect(data.setDefault('a', 2)).toBe(2);
    expect(pending(data)).toEqual(['setIfAbsent a 2']);
  });

  test('records an ordinary write when the default was changed inside afterwards', () => {
    const data = dataWith();
    (data.setDefault('a', []) as string[]).push('tea');
    expect(pending(data)).toEqual(['set a ["tea"]']);
  });

  test('replaces a value that this session has removed', () => {
    const data = dataWith({ a: '1' });
    data.delete('a');
    data.setDefault('a', 2);
    expect(pending(data)).toEqual(['set a 2']);
  });

  test('takes over the value that another request has stored meanwhile', () => {
    const data = dataWith();
    data.setDefault('a', 2);
    data.capture('update').settle([{ applied: false, value: Buffer.from('7'), messages: [] }]);
    expect(data.get('a')).toBe(7);
    expect(pending(data)).toEqual([]);
  });
});

describe('settle()', () => {
  test('leaves nothing to send', () => {
    const data = dataWith({ a: '1', b: '[]', c: '3' });
    data.set('a', 2);
    (data.get('b') as number[]).push(1);
    data.delete('c');
    data.setDefault('d', 4);
    data.capture('update').settle([applied, applied, applied, applied]);
    expect(data.hasChanges('update')).toBe(false);
    expect(Object.fromEntries([...data.keys()].map((key) => [key, data.get(key)]))).toEqual({ a: 2, b: [1], d: 4 });
  });

  test('keeps what was written after the capture', () => {
    const data = dataWith({ a: '1', b: '2', cart: '[]' });
    data.set('a', 2);
    data.set('x', 1);
    const captured = data.capture('update');
    data.set('a', 3);
    data.delete('b');
    data.delete('x');
    captured.settle([applied, applied]);
    expect(pending(data)).toEqual(['set a 3', 'delete x', 'delete b']);
  });

  test('keeps a clear() that was called after the capture', () => {
    const data = dataWith({ a: '1' });
    data.clear();
    const captured = data.capture('update');
    data.set('b', 1);
    data.clear();
    captured.settle([applied]);
    expect(pending(data)).toEqual(['clear']);
  });

  test('finds later changes inside a value that was saved', () => {
    const data = dataWith();
    const cart: string[] = [];
    data.set('cart', cart);
    data.capture('update').settle([applied]);
    cart.push('tea');
    expect(pending(data)).toEqual(['set cart ["tea"]']);
  });
});

describe('without settle()', () => {
  test('everything is sent again', () => {
    const data = dataWith({ a: '1', b: '2', cart: '[]' });
    data.set('a', 2);
    data.delete('b');
    data.setDefault('c', 1);
    (data.get('cart') as number[]).push(1);
    const first = pending(data);
    expect(first).toHaveLength(4);
    expect(pending(data)).toEqual(first);
  });
});

test('copyWrites() writes what was set and not saved, and nothing that was loaded', () => {
  const data = dataWith({ changed: '[1]', marked: '[2]', removed: '3', kept: '4' });
  data.set('saved', 5);
  data.capture('update').settle([applied]);
  (data.get('changed') as number[]).push(1);
  (data.get('marked') as number[]).push(2);
  data.markChanged('marked');
  data.delete('removed');
  data.set('set', 6);
  data.set('set and removed', 7);
  data.delete('set and removed');
  data.setDefault('default', 8);

  const other = dataWith({ own: '9' });
  data.copyWrites(other);
  expect(pending(other)).toEqual(['set set 6', 'setIfAbsent default 8']);
  expect([...other.keys()]).toEqual(['own', 'set', 'default']);
});
