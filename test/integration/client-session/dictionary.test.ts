import type { Sidecar } from '../../support/sidecar';
import type { ISession } from '@session-sidecar/client';
import { beforeEach, expect, test } from '@jest/globals';
import { SessionClient } from '@session-sidecar/client';
import { describeClientSession } from './fixture';
import type { Shop } from './fixture';

describeClientSession('a session as a dictionary', (fixture) => {
  let sidecar: Sidecar;
  let session: ISession<Shop>;

  beforeEach(() => {
    ({ sidecar, session } = fixture);
  });
  const { next, stored } = fixture;

  test('get returns a value, a fallback, or undefined; has returns whether there is one', () => {
    expect([session.get('visits'), session.get('note'), session.get('note', 'none')]).toEqual([1, undefined, 'none']);
    expect([session.has('visits'), session.has('note')]).toEqual([true, false]);
  });

  test('a null value exists', async () => {
    session.set('note', null);
    await session.save();
    const found = await next();
    expect([found.has('note'), found.get('note'), found.get('note', 'none')]).toEqual([true, null, null]);
  });

  test('keys, values, entries, iteration, size and toObject agree, in the order in which keys were first written', async () => {
    session.set('note', 'x');
    session.set('visits', 2);
    await session.save();
    const found = await next();
    const expected: [string, unknown][] = [
      ['user', { id: 7, name: 'Ada' }],
      ['cart', ['tea']],
      ['visits', 2],
      ['note', 'x'],
    ];
    expect([...found]).toEqual(expected);
    expect([...found.entries()]).toEqual(expected);
    expect([...found.keys()]).toEqual(expected.map(([key]) => key));
    expect([...found.values()]).toEqual(expected.map(([, value]) => value));
    expect([found.size, found.toObject()]).toEqual([4, Object.fromEntries(expected)]);
  });

  test('delete returns whether the key existed', async () => {
    expect([session.delete('cart'), session.delete('cart'), session.delete('note')]).toEqual([true, false, false]);
    await session.save();
    expect(await stored()).toEqual({ user: { id: 7, name: 'Ada' }, visits: 1 });
  });

  test('pop gives the value and removes it, or gives the fallback', async () => {
    expect([session.pop('visits'), session.pop('visits'), session.pop('visits', 9), session.pop('cart', [])]).toEqual([
      1,
      undefined,
      9,
      ['tea'],
    ]);
    await session.save();
    expect(await stored()).toEqual({ user: { id: 7, name: 'Ada' } });
  });

  test('popItem takes the last, and undefined from an empty session', async () => {
    expect([session.popItem(), session.popItem(), session.popItem(), session.popItem()]).toEqual([
      ['visits', 1],
      ['cart', ['tea']],
      ['user', { id: 7, name: 'Ada' }],
      undefined,
    ]);
    await session.save();
    expect([await stored(), (await next()).origin]).toEqual([{}, 'found']);
  });

  test('update sets several, leaves out what is undefined, and sets none when one is no JSON', async () => {
    session.update({ visits: 2, note: undefined as never });
    expect(() => session.update({ visits: 3, note: (() => 1) as never })).toThrow(TypeError);
    await session.save();
    expect(await stored()).toEqual({ user: { id: 7, name: 'Ada' }, cart: ['tea'], visits: 2 });
  });

  test('clear removes every key, including those that other requests add before the save, and nothing else', async () => {
    session.flash('hello');
    session.setSubject('ada');
    await session.save();
    const csrfToken = await session.csrfToken();
    const other = await next();
    session.clear();
    expect([session.size, [...session]]).toEqual([0, []]);
    other.set('note', 'from another request');
    await other.save();
    session.set('visits', 5);
    await session.save();
    const found = await next();
    expect(found.toObject()).toEqual({ visits: 5 });
    expect([found.subject, await found.peekFlash(), found.checkCsrfToken(csrfToken)]).toEqual(['ada', ['hello'], true]);
  });

  test('setDefault returns the stored value, or stores the default and returns it', async () => {
    expect([session.setDefault('visits', 9), session.setDefault('note', 'new')]).toEqual([1, 'new']);
    await session.save();
    expect(await stored()).toMatchObject({ visits: 1, note: 'new' });
  });

  test('when another request set the key first, setDefault keeps that value and returns it after the save', async () => {
    const other = await next();
    expect(session.setDefault('note', 'mine')).toBe('mine');
    other.set('note', 'theirs');
    await other.save();
    await session.save();
    expect([session.get('note'), (await stored()).note]).toEqual(['theirs', 'theirs']);
  });

  test('a default that was changed inside is an ordinary value', async () => {
    session.setDefault('nested', { list: [] }).list.push({ deep: [1] });
    await session.save();
    expect((await stored()).nested).toEqual({ list: [{ deep: [1] }] });
  });

  test.each([
    ['a Date', new Date(0)],
    ['a Map', new Map()],
    ['a function', () => 1],
    ['NaN', NaN],
    ['a bigint', 1n],
    ['undefined', undefined],
    ['undefined in an array', [undefined]],
  ])('%s is refused with a TypeError that names the key, and nothing is changed', (_what, value) => {
    expect(() => session.set('note', value as never)).toThrow(TypeError);
    expect(() => session.set('note', value as never)).toThrow('`note');
    expect([session.has('note'), session.hasChanges]).toEqual([false, false]);
  });

  test('integers and texts come back exactly', async () => {
    const values = [0, -0, 1, -1, 2 ** 53 - 1, -(2 ** 53) + 1, 1e21, 5e-324, 0.1, 1.7976931348623157e308];
    const texts = [
      '',
      ' ',
      '\u0000',
      '\n"\\',
      'é',
      'e\u0301',
      '日本語',
      '👩‍👩‍👧',
      '\u2028',
      '\ufeff',
      '\ud800',
      'x'.repeat(10_000),
    ];
    const any = new SessionClient<{ values: number[]; texts: string[] }>({
      address: sidecar.address,
      timeoutMs: 20_000,
    });
    const written = any.create();
    written.update({ values, texts });
    await written.save();
    const read = await any.open(written.token);
    expect(read.get('texts')).toEqual(texts);
    expect(read.get('values')).toEqual(values.map((value) => value + 0));
    any.close();
  });
});
