import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { SessionClient, SessionError } from '@session-sidecar/client';
import type { ISession, SessionOrigin } from '@session-sidecar/client';
import { connect } from '../support/client';
import { connectRaw, mutation } from '../support/raw-grpc';
import type { RedisServer } from '../support/redis';
import { countRpcs } from '../support/sidecar';
import type { Sidecar } from '../support/sidecar';
import { stackForAllTests } from '../support/stack';

interface Shop {
  user?: { id: number; name: string; roles?: string[] };
  cart?: string[];
  visits?: number;
  note?: string | null;
  nested?: { list: { deep: number[] }[] };
}

describe.each([
  ['memory', 'pipeline'],
  ['memory', 'unary'],
  ['Redis', 'pipeline'],
  ['Redis', 'unary'],
] as const)('a session of the TypeScript client, kept in %s, by %s', (store, transport) => {
  const stack = stackForAllTests();
  let redis: RedisServer | undefined;
  let sidecar: Sidecar;
  let client: SessionClient<Shop>;

  beforeAll(async () => {
    redis = store === 'Redis' ? await stack.redis() : undefined;
    sidecar = await stack.sidecar({ redis });
    client = stack.use(connect(sidecar, { transport }));
  });

  let session: ISession<Shop>;

  beforeEach(async () => {
    session = client.create();
    session.update({ user: { id: 7, name: 'Ada' }, cart: ['tea'], visits: 1 });
    await session.save();
  });

  /** The session as the next request finds it. */
  const next = (): Promise<ISession<Shop>> => client.open(session.token);
  const stored = async (): Promise<Partial<Shop>> => (await next()).toObject();

  /** Runs `work` and returns the number of calls it made, by method. */
  async function callsOf(work: () => Promise<unknown>): Promise<Record<string, number>> {
    const before = await countRpcs(sidecar);
    await work();
    const after = Object.entries(await countRpcs(sidecar));
    return Object.fromEntries(
      after.map(([method, count]) => [method, count - (before[method] ?? 0)]).filter(([, count]) => count),
    ) as Record<string, number>;
  }

  describe('its life', () => {
    test('begins new, without a token, and is stored by the first save that has something to store', async () => {
      const fresh = client.create();
      const nothing = { token: undefined, handle: undefined, created: undefined, expires: undefined, version: 0 };
      expect(fresh).toMatchObject({ state: 'new', origin: 'none', isNew: true, hasChanges: false, ...nothing });
      fresh.set('visits', 1);
      expect(fresh).toMatchObject({ state: 'new', isNew: true, hasChanges: true, ...nothing });
      await fresh.save();
      expect(fresh).toMatchObject({ state: 'stored', origin: 'none', isNew: true, hasChanges: false, version: 1 });
      expect(fresh.token).toHaveLength(68);
      expect(fresh.handle).toHaveLength(22);
    });

    test('goes on in the next request, which is not new and knows when it was created', async () => {
      const found = await next();
      expect(found).toMatchObject({ state: 'stored', origin: 'found', isNew: false, hasChanges: false, version: 1 });
      expect(found).toMatchObject({
        token: session.token,
        handle: session.handle,
        created: session.created,
        expires: session.expires,
      });
      expect(found.created).toBeInstanceOf(Date);
      expect(found.expires!.getTime()).toBeGreaterThan(found.created!.getTime());
    });

    test.each<[string, () => string | undefined, SessionOrigin]>([
      ['no token', () => undefined, 'none'],
      ['an empty token', () => '', 'none'],
      ['a token that was not issued here', () => 'x', 'token_invalid'],
      ['a token whose session has ended', () => session.token, 'not_found'],
    ])('begins anew with %s, and says why', async (_what, tokenOf, origin) => {
      const token = tokenOf();
      if (origin === 'not_found') await session.invalidate();
      const opened = await client.open(token);
      expect(opened).toMatchObject({ state: 'new', origin, isNew: true, token: undefined, size: 0 });
      opened.set('visits', 1);
      await opened.save();
      expect(opened).toMatchObject({ state: 'stored', origin, isNew: true });
      expect(opened.token).not.toBe(token);
    });

    test('ends by invalidate(), which forgets everything at once; the object then works like a new session', async () => {
      const { token, handle } = session;
      session.set('visits', 2);
      session.flash('hello');
      session.setSubject('ada');
      await session.invalidate();
      expect(session).toMatchObject({
        state: 'invalidated',
        isNew: true,
        token: undefined,
        handle: undefined,
        version: 0,
        size: 0,
      });
      expect(session).toMatchObject({ hasChanges: false, subject: undefined, created: undefined, expires: undefined });
      expect((await client.open(token)).origin).toBe('not_found');
      expect([await session.popFlash(), session.checkCsrfToken('x')]).toEqual([[], false]);

      session.set('visits', 1);
      await session.save();
      expect(session).toMatchObject({ state: 'stored', isNew: true, version: 1 });
      expect(session.handle).not.toBe(handle);
      expect(await stored()).toEqual({ visits: 1 });
    });

    test('can end again and again', async () => {
      await session.invalidate();
      await session.invalidate();
      session.set('visits', 1);
      await session.save();
      await session.invalidate();
      expect(session).toMatchObject({ state: 'invalidated', token: undefined });
      await session.save();
      expect(session.state).toBe('invalidated');
    });

    test('goes on under another token after regenerate(), with its data, messages, subject and handle', async () => {
      const { token, handle, created } = session;
      session.flash('hello');
      session.setSubject('ada');
      await session.save();
      const csrfToken = await session.csrfToken();

      const request = await next();
      request.set('user', { id: 8, name: 'Bob' });
      await request.regenerate();
      expect(request).toMatchObject({ handle, created, subject: 'ada', isNew: false, hasChanges: false, version: 3 });
      expect(request.token).not.toBe(token);
      expect(request.checkCsrfToken(csrfToken)).toBe(false);
      expect((await client.open(token)).origin).toBe('not_found');
      const after = await client.open(request.token);
      expect(after).toMatchObject({ handle, subject: 'ada', version: 3 });
      expect(after.toObject()).toEqual({ user: { id: 8, name: 'Bob' }, cart: ['tea'], visits: 1 });
      expect(await after.peekFlash()).toEqual(['hello']);
      expect(after.checkCsrfToken(await request.csrfToken())).toBe(true);
    });

    test('when regenerate() saves, an idle timeout set before is not forgotten', async () => {
      session.setIdleTimeout(3_600_000);
      await session.regenerate();
      expect(session.hasChanges).toBe(false);
      const { created, expires } = await next();
      expect(expires!.getTime() - created!.getTime()).toBeGreaterThan(3_600_000);
    });
  });

  describe("as a dictionary, like Python's mapping", () => {
    test('get returns a value, a fallback, or undefined; has returns whether there is one', () => {
      expect([session.get('visits'), session.get('note'), session.get('note', 'none')]).toEqual([1, undefined, 'none']);
      expect([session.has('visits'), session.has('note')]).toEqual([true, false]);
    });

    test('a value that is null is there', async () => {
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
      expect([session.pop('visits'), session.pop('visits'), session.pop('visits', 9), session.pop('cart', [])]).toEqual(
        [1, undefined, 9, ['tea']],
      );
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

    test('clear removes every key, also those other requests add before the save, and nothing else', async () => {
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
      expect([found.subject, await found.peekFlash(), found.checkCsrfToken(csrfToken)]).toEqual([
        'ada',
        ['hello'],
        true,
      ]);
    });

    test('setDefault gives what is there, or stores the value and gives it', async () => {
      expect([session.setDefault('visits', 9), session.setDefault('note', 'new')]).toEqual([1, 'new']);
      await session.save();
      expect(await stored()).toMatchObject({ visits: 1, note: 'new' });
    });

    test('when another request set it first, setDefault gives way, and shows what won after the save', async () => {
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

  describe('saving', () => {
    test('sends nothing when nothing changed, also after reading', async () => {
      const found = await next();
      const calls = await callsOf(async () => {
        found.toObject();
        found.get('cart');
        await found.save();
      });
      expect(calls).toEqual({});
      expect((await next()).version).toBe(1);
    });

    test('finds what was changed inside values, however deep, and nothing that was changed back', async () => {
      session.set('nested', { list: [{ deep: [1] }] });
      await session.save();
      const found = await next();
      found.get('nested')!.list[0]!.deep.push(2);
      found.get('user')!.name = 'Bob';
      found.get('user')!.name = 'Ada';
      found.get('cart')!.push('milk');
      found.get('cart')!.pop();
      await found.save();
      expect((await stored()).nested).toEqual({ list: [{ deep: [1, 2] }] });
      found.get('cart')!.push('milk');
      found.get('cart')!.pop();
      expect(found.hasChanges).toBe(false);
    });

    test('sends only what changed: what two requests change at the same time both stays', async () => {
      const [one, other] = [await next(), await next()];
      one.get('cart')!.push('milk');
      one.get('user');
      other.get('user')!.roles = ['admin'];
      other.get('cart');
      await Promise.all([one.save(), other.save()]);
      expect(await stored()).toEqual({
        user: { id: 7, name: 'Ada', roles: ['admin'] },
        cart: ['tea', 'milk'],
        visits: 1,
      });
    });

    test('is one call and one step of the version, however much changed', async () => {
      const found = await next();
      const calls = await callsOf(async () => {
        found.update({ visits: 2, note: 'x' });
        found.delete('cart');
        found.get('user')!.name = 'Bob';
        found.flash('one');
        found.flash('two', { queue: 'errors' });
        found.setSubject('bob');
        found.setIdleTimeout(60_000);
        await found.save();
      });
      expect(calls).toEqual({ UpdateSession: 1 });
      expect([found.version, (await next()).version]).toEqual([2, 2]);
    });

    test('writes over what others wrote to the same key, unless it did not change it', async () => {
      const [one, other] = [await next(), await next()];
      one.set('visits', 5);
      other.set('visits', 6);
      other.set('note', 'x');
      await one.save();
      await other.save();
      expect(await stored()).toMatchObject({ visits: 6, note: 'x' });
    });

    test('after changed() sends a value that looks the same', async () => {
      const [one, other] = [await next(), await next()];
      other.set('visits', 2);
      other.set('cart', []);
      await other.save();
      one.changed('visits');
      expect(one.hasChanges).toBe(true);
      await one.save();
      expect(await stored()).toMatchObject({ visits: 1, cart: [] });
      one.changed();
      await one.save();
      expect(await stored()).toMatchObject({ visits: 1, cart: ['tea'] });
    });

    test('sees what was written during a save only at the next one', async () => {
      const found = await next();
      found.set('visits', 2);
      const saving = found.save();
      await Promise.resolve();
      found.set('visits', 3);
      found.flash('late');
      await saving;
      await found.save();
      expect(found.hasChanges).toBe(false);
      expect(await stored()).toMatchObject({ visits: 3 });
      expect(await (await next()).peekFlash()).toEqual(['late']);
    });

    test('calls of one object run in the order in which they were made', async () => {
      const found = await next();
      found.set('visits', 2);
      await Promise.all([
        found.save(),
        found.regenerate(),
        found.newCsrfToken(),
        found.transform('visits', (n = 0) => n + 1),
      ]);
      expect([found.version, found.get('visits')]).toEqual([5, 3]);
      expect((await client.open(found.token)).toObject()).toMatchObject({ visits: 3 });
    });

    test('rejects with SESSION_NOT_FOUND when the session was ended elsewhere, and keeps the changes', async () => {
      const found = await next();
      await session.invalidate();
      found.set('note', 'kept');
      found.flash('kept');
      const error = await found.save().catch((caught: unknown) => caught);
      expect(SessionError.is(error) && [error.code, error.status]).toEqual(['SESSION_NOT_FOUND', 409]);
      expect(found).toMatchObject({ hasChanges: true, state: 'stored' });
      expect(found.get('note')).toBe('kept');
      expect(await found.peekFlash()).toEqual(['kept']);
    });
  });

  describe('its flash messages', () => {
    test('come out in order, separately by queue, with duplicates unless these are excluded', async () => {
      session.flash('a');
      session.flash('a');
      session.flash('b');
      session.flash('a', { allowDuplicate: false });
      session.flash({ text: 'no', code: [1] }, { queue: 'errors' });
      session.flash({ text: 'no', code: [1] }, { queue: 'errors', allowDuplicate: false });
      await session.save();
      const found = await next();
      expect(await found.peekFlash()).toEqual(['a', 'a', 'b']);
      expect(await found.popFlash()).toEqual(['a', 'a', 'b']);
      expect([await found.peekFlash(), await found.popFlash(), await found.popFlash('nothing')]).toEqual([[], [], []]);
      expect(await found.popFlash('errors')).toEqual([{ text: 'no', code: [1] }]);
    });

    test('that are not saved yet are seen, and taken, together with those that wait', async () => {
      session.flash('stored');
      await session.save();
      const found = await next();
      found.flash('unsaved');
      found.flash('stored', { allowDuplicate: false });
      expect(await found.peekFlash()).toEqual(['stored', 'unsaved']);
      expect(await found.popFlash()).toEqual(['stored', 'unsaved']);
      expect(found.hasChanges).toBe(false);
      await found.save();
      expect(await (await next()).peekFlash()).toEqual([]);
    });

    test('cost a call only when some were waiting', async () => {
      const found = await next();
      expect(await callsOf(async () => [await found.peekFlash(), await found.popFlash('errors')])).toEqual({});
      found.flash('one');
      await found.save();
      const again = await next();
      expect(await callsOf(async () => [await again.popFlash(), await again.popFlash()])).toEqual({ PopFlash: 1 });
    });

    test('that were saved by this object can be popped by it', async () => {
      session.flash('one');
      await session.save();
      expect(await session.popFlash()).toEqual(['one']);
    });
  });

  describe('its CSRF token', () => {
    test('is there from the start, stays, and is checked without a call', async () => {
      const csrfToken = await session.csrfToken();
      const found = await next();
      const calls = await callsOf(async () => {
        expect([await found.csrfToken(), await found.csrfToken()]).toEqual([csrfToken, csrfToken]);
        expect(['', 'x', `${csrfToken}x`, undefined].map((token) => found.checkCsrfToken(token))).toEqual([
          false,
          false,
          false,
          false,
        ]);
        expect(found.checkCsrfToken(csrfToken)).toBe(true);
      });
      expect([calls, csrfToken.length]).toEqual([{}, 22]);
    });

    test('is replaced by newCsrfToken(), and the old one is refused from now on', async () => {
      const old = await session.csrfToken();
      const fresh = await session.newCsrfToken();
      expect([session.checkCsrfToken(old), session.checkCsrfToken(fresh), await session.csrfToken()]).toEqual([
        false,
        true,
        fresh,
      ]);
      const found = await next();
      expect([found.checkCsrfToken(old), found.checkCsrfToken(fresh)]).toEqual([false, true]);
    });

    test('of a new session stores it', async () => {
      const fresh = client.create();
      const csrfToken = await fresh.csrfToken();
      expect(fresh).toMatchObject({ state: 'stored', isNew: true });
      expect((await client.open(fresh.token)).checkCsrfToken(csrfToken)).toBe(true);
    });
  });

  describe('its terms', () => {
    const lifeOf = ({ created, expires }: ISession<Shop>) => expires && expires.getTime() - created!.getTime();

    test('an idle timeout of its own is kept, can be changed, and can be taken away', async () => {
      const fresh = client.create();
      fresh.set('visits', 1);
      fresh.setIdleTimeout(10_000);
      await fresh.save();
      expect(lifeOf(fresh)).toBe(11_000);
      const found = await client.open(fresh.token);
      found.setIdleTimeout('never');
      expect(found.hasChanges).toBe(true);
      await found.save();
      expect(found.expires).toBeUndefined();
      expect((await client.open(fresh.token)).expires).toBeUndefined();
    });

    test.each([0, 999, 1000.5, -1, NaN, Infinity, '5m', undefined])(
      'the idle timeout %p is refused with a RangeError',
      (timeout) => {
        expect(() => session.setIdleTimeout(timeout as never)).toThrow(RangeError);
        expect(session.hasChanges).toBe(false);
      },
    );

    test('a subject is kept, seen before it is saved, and can be taken away', async () => {
      session.setSubject('ada');
      expect([session.subject, session.hasChanges]).toEqual(['ada', true]);
      await session.save();
      const found = await next();
      expect(found.subject).toBe('ada');
      found.setSubject(undefined);
      expect(found.subject).toBeUndefined();
      await found.save();
      expect((await next()).subject).toBeUndefined();
    });
  });

  describe('transform()', () => {
    test('loses nothing that others do to the same value at the same time', async () => {
      const sessions = await Promise.all(Array.from({ length: 12 }, next));
      const carts = await Promise.all(
        sessions.map((each, index) =>
          each.transform('cart', (cart = []) => [...cart, String(index)], { timeoutMs: 60_000 }),
        ),
      );
      expect(carts.map((cart) => cart.length).sort((a, b) => a - b)).toEqual(sessions.map((_, index) => index + 2));
      expect([...(await stored()).cart!].sort()).toEqual(['tea', ...sessions.map((_, index) => String(index))].sort());
    });

    test('is stored at once, and apart from what is not saved yet', async () => {
      const found = await next();
      found.set('note', 'unsaved');
      expect(await found.transform('visits', (visits = 0) => visits + 1)).toBe(2);
      expect(await stored()).toEqual({ user: { id: 7, name: 'Ada' }, cart: ['tea'], visits: 2 });
      expect([found.get('visits'), found.get('note'), found.hasChanges]).toEqual([2, 'unsaved', true]);
    });

    test('of a key with unsaved changes works on these, and saves everything', async () => {
      const found = await next();
      found.set('visits', 10);
      found.set('note', 'unsaved');
      expect(await found.transform('visits', (visits = 0) => visits + 1)).toBe(11);
      expect(await stored()).toMatchObject({ visits: 11, note: 'unsaved' });
      expect(found.hasChanges).toBe(false);
    });

    test('sees the newest value, not the one that was loaded', async () => {
      const found = await next();
      session.set('visits', 41);
      await session.save();
      expect(await found.transform('visits', (visits = 0) => visits + 1)).toBe(42);
    });

    test('that throws, or returns nothing, changes nothing', async () => {
      const boom = new Error('boom');
      const failing = session.transform('visits', () => {
        throw boom;
      });
      await expect(failing).rejects.toBe(boom);
      await expect(session.transform('visits', () => undefined as never)).rejects.toThrow(TypeError);
      expect([(await stored()).visits, (await next()).version]).toEqual([1, 1]);
    });

    test('of a new session is a set', async () => {
      const fresh = client.create();
      expect(await fresh.transform('visits', (visits = 0) => visits + 1)).toBe(1);
      await fresh.save();
      expect((await client.open(fresh.token)).toObject()).toEqual({ visits: 1 });
    });
  });

  test('what other languages wrote is read, and not rewritten for its spaces and escapes', async () => {
    const raw = connectRaw(sidecar.address);
    const mutations = [mutation.set('cart', ' [ "t\\u0065a" ] '), mutation.set('visits', '12345678901234567890')];
    await raw.call('updateSession', { token: session.token!, mutations });
    const found = await next();
    expect([found.get('cart'), found.hasChanges]).toEqual([['tea'], false]);
    found.set('note', 'x');
    await found.save();
    const { data } = (await raw.call('getSession', { token: session.token! })).session!;
    expect([String(data.get('cart')), String(data.get('visits'))]).toEqual([
      ' [ "t\\u0065a" ] ',
      '12345678901234567890',
    ]);
    raw.close();
  });

  test('a value that the codec cannot read fails when it is read, and can be overwritten', async () => {
    const raw = connectRaw(sidecar.address);
    await raw.call('updateSession', { token: session.token!, mutations: [mutation.set('note', 'no JSON')] });
    raw.close();
    const found = await next();
    expect(found.get('visits')).toBe(1);
    expect(() => found.get('note')).toThrow(expect.objectContaining({ code: 'VALUE_UNREADABLE' }));
    found.set('note', 'readable');
    await found.save();
    expect((await stored()).note).toBe('readable');
  });

  test('with a codec of its own, holds what JSON cannot', async () => {
    interface Wide {
      since: Date;
      big: bigint;
      tags: Set<string>;
    }
    const codec = {
      encode: (value: unknown) =>
        Buffer.from(
          JSON.stringify(value, function (this: Record<string, unknown>, key, plain: unknown) {
            const held = this[key];
            if (held instanceof Date) return { $date: held.getTime() };
            if (held instanceof Set) return { $set: [...held] as unknown[] };
            return typeof held === 'bigint' ? { $bigint: String(held) } : plain;
          }),
        ),
      decode: (bytes: Uint8Array): unknown =>
        JSON.parse(
          Buffer.from(bytes).toString(),
          (_key, value: { $date?: number; $set?: string[]; $bigint?: string } | null) => {
            if (value?.$date !== undefined) return new Date(value.$date);
            if (value?.$set !== undefined) return new Set(value.$set);
            return value?.$bigint === undefined ? value : BigInt(value.$bigint);
          },
        ),
    };
    const wide = new SessionClient<Wide>({ address: sidecar.address, codec, timeoutMs: 20_000 });
    const written = wide.create();
    written.update({ since: new Date(5), big: 2n ** 64n, tags: new Set(['a']) });
    await written.save();
    const read = await wide.open(written.token);
    expect(read.toObject()).toEqual({ since: new Date(5), big: 2n ** 64n, tags: new Set(['a']) });
    read.get('tags')!.add('b');
    await read.save();
    expect((await wide.open(written.token)).get('tags')).toEqual(new Set(['a', 'b']));
    wide.close();
  });
});
