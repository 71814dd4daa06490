import { describe, expect, test } from '@jest/globals';
import { SidecarStore } from '@session-sidecar/client/express-session';
import { until } from '../../support/poll';
import { call, expressSession, fastifySessions, storeFrameworks } from '../../support/store-frameworks';
import type { StoredApp, StoredPage } from '../../support/store-frameworks';
import { age } from '../../support/store-harness';
import { CountingStore } from './counting-store';
import { sidOf, StoreFixture, visitor } from './fixture';

/* What express-session and @fastify/session document of their options and of `req.session`, with this store behind them. */

const fixture = new StoreFixture();

const counter = (page: StoredPage): string => {
  if (page.path === '/read') return JSON.stringify(page.session['visits'] ?? null);
  page.session['visits'] = ((page.session['visits'] as number | undefined) ?? 0) + 1;
  return String(page.session['visits']);
};

describe.each(storeFrameworks)('$name', (framework) => {
  test('keeps a session from one request to the next', async () => {
    const browser = await fixture.visit(framework, counter);
    expect(await browser.text('/')).toBe('1');
    const sid = await sidOf(browser);
    expect(await browser.text('/')).toBe('2');
    expect(await sidOf(browser)).toBe(sid);
    expect(await fixture.count()).toBe(1);
  });

  test('without saveUninitialized, a visitor for whom nothing is written has neither session nor cookie', async () => {
    const browser = await fixture.visit(framework, counter, { saveUninitialized: false });
    await browser.text('/read');
    expect([await browser.cookie(), await fixture.count()]).toEqual([undefined, 0]);
  });

  test('with saveUninitialized, each visitor has a session', async () => {
    const browser = await fixture.visit(framework, counter, { saveUninitialized: true });
    await browser.text('/read');
    expect(await browser.cookie()).toBeDefined();
    expect(await fixture.count()).toBe(1);
  });

  test('with rolling, each response sets the cookie again', async () => {
    const browser = await fixture.visit(framework, counter, { rolling: true, maxAge: 60_000 });
    await browser.text('/');
    expect((await browser.fetch('/read')).headers.getSetCookie()).toHaveLength(1);
  });

  test('with genid, sessions have the ids of the application', async () => {
    let last = 0;
    const browser = await fixture.visit(framework, counter, { genid: () => `id-${(last += 1)}` });
    await browser.text('/');
    expect(await sidOf(browser)).toBe(`id-${last}`);
    expect(await browser.text('/')).toBe('2');
  });

  test('an unknown id gives a new session with another id', async () => {
    const browser = await fixture.visit(framework, counter);
    await browser.text('/');
    const sid = await sidOf(browser);
    await fixture.store().destroy(sid);
    expect(await browser.text('/')).toBe('1');
    expect(await sidOf(browser)).not.toBe(sid);
  });

  test('a cookie with another signature is not looked up', async () => {
    const store = new CountingStore({ client: fixture.client });
    const browser = visitor(await fixture.serve(framework, counter, store));
    await browser.text('/');
    const value = (await browser.cookie())!;
    store.calls.length = 0;
    await browser.setCookie(value.slice(0, -1) + (value.endsWith('A') ? 'B' : 'A'));
    expect(await browser.text('/')).toBe('1');
    expect(store.calls).not.toContain('get');
  });

  test('destroy() ends the session at once', async () => {
    const browser = await fixture.visit(framework, async (page) => {
      if (page.path !== '/logout') return counter(page);
      await call(page, 'destroy');
      return String(Boolean(page.session));
    });
    await browser.text('/');
    expect(await browser.text('/logout')).toBe('false');
    expect(await fixture.count()).toBe(0);
    expect(await browser.text('/')).toBe('1');
  });

  test('regenerate() ends the session and begins another', async () => {
    const browser = await fixture.visit(framework, async (page) => {
      if (page.path === '/login') await call(page, 'regenerate');
      return counter(page);
    });
    await browser.text('/');
    const sid = await sidOf(browser);
    expect(await browser.text('/login')).toBe('1');
    expect(await sidOf(browser)).not.toBe(sid);
    expect(await browser.text('/')).toBe('2');
    expect(await fixture.store().get(sid)).toBeNull();
    expect(await fixture.count()).toBe(1);
  });

  test('reload() gives what the session has now, and drops what the request has changed', async () => {
    const elsewhere = fixture.store();
    const browser = await fixture.visit(framework, async (page) => {
      if (page.path !== '/reload') return counter(page);
      page.session['visits'] = 100;
      const other = (await elsewhere.get(page.sid)) as Record<string, unknown>;
      await elsewhere.set(page.sid, { ...other, visits: 7 });
      await call(page, 'reload');
      return String(page.session['visits']);
    });
    await browser.text('/');
    expect(await browser.text('/reload')).toBe('7');
    expect(await browser.text('/read')).toBe('7');
  });

  test('save() stores the session at once, and again what changes afterwards', async () => {
    const elsewhere = fixture.store();
    const browser = await fixture.visit(framework, async (page) => {
      if (page.path === '/read') return counter(page);
      page.session['visits'] = 1;
      await call(page, 'save');
      const stored = (await elsewhere.get(page.sid)) as { visits: number };
      page.session['visits'] = 2;
      return String(stored.visits);
    });
    expect(await browser.text('/')).toBe('1');
    expect(await browser.text('/read')).toBe('2');
    expect(await fixture.count()).toBe(1);
  });

  test('a session ends with its cookie', async () => {
    const browser = await fixture.visit(framework, counter, { maxAge: 60_000 });
    await browser.text('/');
    const cookie = `connect.sid=${await browser.cookie()}`;
    const sid = await sidOf(browser);
    const url = new URL((await browser.fetch('/read')).url).origin;
    expect(await fixture.store().get(sid)).not.toBeNull();
    await age(fixture.redis, 67_000);
    expect(await fixture.store().get(sid)).toBeNull();
    expect(await (await fetch(url, { headers: { cookie } })).text()).toBe('1');
  });

  test('a request that changes nothing extends the session, if it is extended at all', async () => {
    const browser = await fixture.visit(framework, counter, { maxAge: 60_000, rolling: true });
    await browser.text('/');
    const sid = await sidOf(browser);
    const expires = async () => {
      const stored = (await fixture.store().get(sid)) as { cookie: { expires: string } };
      return Date.parse(stored.cookie.expires);
    };
    const before = await expires();
    await until('a later time of expiry', async () => {
      await browser.text('/read');
      return (await expires()) > before;
    });
  });

  test('if the sidecar does not answer, the response is an error', async () => {
    const { client } = fixture;
    const broken = new SidecarStore({ client });
    const browser = visitor(await fixture.serve(framework, counter, broken));
    await browser.text('/');
    broken.get = (_sid, done) => {
      process.nextTick(() => done?.(new Error('no sidecar')));
      return Promise.resolve();
    };
    expect((await browser.fetch('/')).status).toBe(500);
  });
});

describe('express-session', () => {
  const serve = async (options: object, app: StoredApp = counter) => {
    const store = new CountingStore({ client: fixture.client });
    return { store, browser: visitor(await fixture.serve(expressSession, app, store, options)) };
  };

  test.each([
    [{ resave: false }, ['get', 'touch']],
    [{ resave: true }, ['get', 'set']],
  ])('with %o, a request that changes nothing calls %j', async (options, calls) => {
    const { store, browser } = await serve(options);
    await browser.text('/');
    store.calls.length = 0;
    await browser.text('/read');
    expect(store.calls).toEqual(calls);
  });

  test.each([
    ['destroy', 0, '1'],
    ['keep', 1, '2'],
  ] as const)('with unset: %s, a request that removes req.session leaves %i sessions', async (unset, left, next) => {
    const { browser } = await serve({ unset }, (page) => {
      if (page.path !== '/unset') return counter(page);
      page.session = null as never;
      return 'unset';
    });
    await browser.text('/');
    await browser.text('/unset');
    expect(await fixture.count()).toBe(left);
    expect(await browser.text('/')).toBe(next);
  });

  test('a session cookie that lives as long as the browser has the lifetime of the store', async () => {
    const store = fixture.store({ ttl: 100 });
    const browser = visitor(await fixture.serve(expressSession, counter, store));
    await browser.text('/');
    const [key] = await fixture.redis.admin.keys('*');
    const left = await fixture.redis.admin.pttl(key!);
    expect(left).toBeGreaterThan(50_000);
    expect(left).toBeLessThanOrEqual(110_000);
  });

  test('req.session.cookie.maxAge of one visitor is kept', async () => {
    const { browser } = await serve({ maxAge: 60_000 }, (page) => {
      if (page.path === '/remember') page.session.cookie.maxAge = 3_600_000;
      return `${counter(page)} ${String(page.session.cookie.originalMaxAge)}`;
    });
    await browser.text('/');
    await browser.text('/remember');
    // express-session computes it from the time of expiry.
    expect(await browser.text('/')).toMatch(/^3 (3600000|3599999)$/);
  });

  test('reload() of a session that has ended fails', async () => {
    const { browser } = await serve({}, async (page) => {
      if (page.path !== '/reload') return counter(page);
      await fixture.store().destroy(page.sid);
      return call(page, 'reload').then(
        () => 'reloaded',
        (error: unknown) => (error as Error).message,
      );
    });
    await browser.text('/');
    expect(await browser.text('/reload')).toBe('failed to load session');
  });

  test('a field named like a method of req.session is stored, and does not hide the method', async () => {
    const { browser } = await serve({}, async (page) => {
      if (page.path === '/save') {
        await call(page, 'save');
        return typeof page.session.save;
      }
      return counter(page);
    });
    await browser.text('/');
    const sid = await sidOf(browser);
    const store = fixture.store();
    await store.set(sid, { ...((await store.get(sid)) as object), save: 'nope' });
    expect(await browser.text('/save')).toBe('function');
  });

  test('only fields of the application and the cookie can be enumerated', async () => {
    const { browser } = await serve({}, (page) => {
      if (page.path === '/') page.session['a'] = { b: 1 };
      return JSON.stringify([Object.keys(page.session).sort(), Object.getOwnPropertySymbols(page.session).length]);
    });
    await browser.text('/');
    expect(await browser.text('/keys')).toBe('[["a","cookie"],0]');
  });
});

describe('@fastify/session', () => {
  test('regenerate() keeps the fields that it is given', async () => {
    const browser = await fixture.visit(fastifySessions, async (page) => {
      if (page.path === '/login') {
        const session = page.session as unknown as { regenerate(keys: string[]): Promise<void> };
        await session.regenerate(['visits']);
      }
      return counter(page);
    });
    await browser.text('/');
    const sid = await sidOf(browser);
    expect(await browser.text('/login')).toBe('2');
    expect(await sidOf(browser)).not.toBe(sid);
    expect(await fixture.count()).toBe(1);
  });

  test('only fields of the application and the cookie can be enumerated', async () => {
    const browser = await fixture.visit(fastifySessions, (page) => {
      if (page.path === '/') page.session['a'] = { b: 1 };
      return JSON.stringify(Object.keys(page.session).sort());
    });
    await browser.text('/');
    expect(await browser.text('/keys')).toBe('["a","cookie"]');
  });
});
