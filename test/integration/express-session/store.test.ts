import { promisify } from 'node:util';
import { describe, expect, jest, test } from '@jest/globals';
import { Store } from 'express-session';
import { SidecarStore } from '@session-sidecar/client/express-session';
import { connect } from '../../support/client';
import { until } from '../../support/poll';
import { countRpcs } from '../../support/sidecar';
import { StoreFixture } from './fixture';

/* The contract of a store, called as the frameworks do and as scripts of an application do. */

const fixture = new StoreFixture();

const cookie = { originalMaxAge: null, httpOnly: true, path: '/' };

/** By callback, as the frameworks call. */
function byCallback(call: (done: (error?: unknown, result?: unknown) => void) => unknown): Promise<unknown> {
  return promisify(call)();
}

async function ttl(): Promise<number> {
  const [key] = await fixture.redis.admin.keys('*');
  return fixture.redis.admin.pttl(key!);
}

describe('a store', () => {
  test('is one of express-session', () => {
    expect(fixture.store()).toBeInstanceOf(Store);
  });

  test('is one for @fastify/session where express-session is not installed', async () => {
    await jest.isolateModulesAsync(async () => {
      jest.doMock('express-session', () => {
        throw Object.assign(new Error('not installed'), { code: 'MODULE_NOT_FOUND' });
      });
      const { SidecarStore: Alone } = await import('@session-sidecar/client/express-session');
      const store = new Alone({ client: fixture.client });
      expect(store).not.toBeInstanceOf(Store);
      await store.set('a', { cookie });
      expect(await store.get('a')).toEqual({ cookie });
      expect(() => store.createSession({ sessionID: 'a' }, {})).toThrow(/express-session to be installed/);
    });
    jest.dontMock('express-session');
  });

  test('has nothing for an unknown id', async () => {
    expect(await fixture.store().get('unknown')).toBeNull();
    expect(await byCallback((done) => fixture.store().get('unknown', done))).toBeNull();
  });

  test('returns what was stored, as JSON has it', async () => {
    const store = fixture.store();
    const session = { cookie, text: 'é', when: new Date(0), nested: { list: [1, null, { a: 'b' }] }, none: undefined };
    await store.set('a', session);
    expect(await store.get('a')).toEqual(JSON.parse(JSON.stringify(session)));
  });

  test('does the same by callbacks', async () => {
    const store = fixture.store();
    await byCallback((done) => store.set('a', { cookie, n: 1 }, done));
    expect(await byCallback((done) => store.get('a', done))).toEqual({ cookie, n: 1 });
    await byCallback((done) => store.touch('a', { cookie }, done));
    await byCallback((done) => store.destroy('a', done));
    expect(await byCallback((done) => store.get('a', done))).toBeNull();
  });

  test('replaces a session that was not loaded', async () => {
    const store = fixture.store();
    await store.set('a', { cookie, x: 1 });
    await store.set('a', { cookie, y: 2 });
    expect(await store.get('a')).toEqual({ cookie, y: 2 });
    expect(await fixture.count()).toBe(1);
  });

  test('returns a copy: what the caller changes is not stored without set()', async () => {
    const store = fixture.store();
    await store.set('a', { cookie, list: [1] });
    const first = (await store.get('a')) as { list: number[] };
    first.list.push(2);
    expect(await store.get('a')).toEqual({ cookie, list: [1] });
    await store.set('a', first);
    expect(await store.get('a')).toEqual({ cookie, list: [1, 2] });
  });

  test('writes only the fields that have changed', async () => {
    const store = fixture.store();
    await store.set('a', { cookie, x: 1, y: 1 });
    const first = (await store.get('a')) as { x: number };
    const second = (await store.get('a')) as { y: number };
    await store.set('a', Object.assign(first, { x: 2 }));
    await store.set('a', Object.assign(second, { y: 2 }));
    expect(await store.get('a')).toEqual({ cookie, x: 2, y: 2 });
  });

  test('sends what the session was when set() was called', async () => {
    const store = fixture.store();
    const session = { cookie, n: 1 };
    const stored = store.set('a', session);
    session.n = 2;
    await stored;
    expect(await store.get('a')).toEqual({ cookie, n: 1 });
  });

  test('creates one session out of several set() of one object at the same time', async () => {
    const store = fixture.store();
    const session: Record<string, unknown> = { cookie, n: 1 };
    const first = store.set('a', session);
    session['n'] = 2;
    await Promise.all([first, store.set('a', session)]);
    expect(await store.get('a')).toEqual({ cookie, n: 2 });
    expect(await fixture.count()).toBe(1);
  });

  test.each(['set', 'touch'] as const)('%s() of a copy of a session that has ended creates nothing', async (method) => {
    const store = fixture.store();
    await store.set('a', { cookie, n: 1 });
    const loaded = (await store.get('a')) as object;
    await fixture.store().destroy('a');
    await store[method]('a', { ...loaded, n: 2 });
    expect(await store.get('a')).toBeNull();
  });

  test('creates nothing by touch()', async () => {
    await fixture.store().touch('a', { cookie });
    expect(await fixture.count()).toBe(0);
  });

  test('ends a session that is stored with a time of expiry in the past', async () => {
    const store = fixture.store();
    await store.set('a', { cookie });
    await store.set('a', { cookie: { ...cookie, expires: new Date(Date.now() - 1000) } });
    expect(await store.get('a')).toBeNull();
    expect(await fixture.count()).toBe(0);
  });

  test('lets sessions live as long as their cookies, and touch() extends both', async () => {
    const store = fixture.store();
    const ending = (seconds: number) => ({ cookie: { ...cookie, expires: new Date(Date.now() + seconds * 1000) } });
    await store.set('a', ending(60));
    expect(await ttl()).toBeLessThanOrEqual(66_000);
    const later = ending(900);
    await store.touch('a', later);
    expect(await ttl()).toBeGreaterThan(800_000);
    expect(await store.get('a')).toEqual({ cookie: { ...cookie, expires: later.cookie.expires.toISOString() } });
  });

  test('lets a session without time of expiry live for `ttl` seconds, by default a day', async () => {
    await fixture.store().set('a', { cookie });
    expect(await ttl()).toBeGreaterThan(86_000_000);
    await fixture.store({ ttl: 120 }).set('a', { cookie });
    expect(await ttl()).toBeLessThanOrEqual(132_000);
    await fixture.store({ ttl: () => 1000 }).set('a', { cookie: { ...cookie, expires: new Date(Date.now() + 5000) } });
    expect(await ttl()).toBeGreaterThan(900_000);
  });

  test('makes one call for each method, and none for a touch() that changes nothing', async () => {
    const store = fixture.store();
    const calls = async (work: () => Promise<unknown>) => {
      const before = await countRpcs(fixture.sidecar);
      await work();
      const after = await countRpcs(fixture.sidecar);
      const methods = Object.keys(after).filter((method) => after[method] !== before[method]);
      return methods.map((method) => `${method} ${(after[method] ?? 0) - (before[method] ?? 0)}`);
    };
    expect(await calls(() => store.set('a', { cookie, n: 1 }))).toEqual(['CreateSession 1']);
    let loaded: object = {};
    expect(await calls(async () => (loaded = (await store.get('a')) as object))).toEqual(['GetSession 1']);
    expect(await calls(() => store.touch('a', loaded))).toEqual([]);
    expect(await calls(() => store.set('a', loaded))).toEqual([]);
    expect(await calls(() => store.set('a', Object.assign(loaded, { n: 2 })))).toEqual(['UpdateSession 1']);
  });

  test('with disableTouch, keeps a session although the cookie that is stored has expired', async () => {
    const store = fixture.store({ disableTouch: true });
    const expires = new Date(Date.now() + 50);
    await store.set('a', { cookie: { ...cookie, originalMaxAge: 60_000, expires } });
    await until('the cookie to expire', () => Date.now() > expires.getTime());
    expect(await store.get('a')).not.toBeNull();
    await store.touch('a', { cookie: { ...cookie, expires: new Date(Date.now() + 3_600_000) } });
    expect(await ttl()).toBeLessThan(100_000);
  });

  test.each(['all', 'length', 'clear'] as const)('%s() fails, by promise and by callback', async (method) => {
    const message = new RegExp(`${method}\\(\\) is not supported`);
    await expect(fixture.store()[method]()).rejects.toThrow(message);
    await expect(byCallback((done) => fixture.store()[method](done))).rejects.toThrow(message);
  });

  test('passes errors of the sidecar on, by promise and by callback', async () => {
    const away = fixture.stack.use(connect({ address: '127.0.0.1:1' }, { timeoutMs: 200 }));
    const store = new SidecarStore({ client: away });
    for (const call of [() => store.get('a'), () => store.set('a', { cookie }), () => store.destroy('a')]) {
      await expect(call()).rejects.toMatchObject({ name: 'SessionError', status: 503 });
    }
    await expect(byCallback((done) => store.get('a', done))).rejects.toMatchObject({ status: 503 });
  });

  test('refuses what JSON cannot hold, and stores nothing', async () => {
    const store = fixture.store();
    await expect(store.set('a', { cookie, n: 1n })).rejects.toThrow(TypeError);
    expect(await fixture.count()).toBe(0);
  });

  test.each([
    ['no client', {}],
    ['something else as the client', { client: {} }],
    ['a ttl of 0', { client: connect({ address: 'localhost:1' }), ttl: 0 }],
    ['a ttl in words', { client: connect({ address: 'localhost:1' }), ttl: '1h' }],
  ])('cannot be made with %s', (_what, options) => {
    expect(() => new SidecarStore(options as never)).toThrow(TypeError);
  });
});
