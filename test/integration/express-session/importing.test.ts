import { beforeEach, describe, expect, test } from '@jest/globals';
import { RedisStore } from 'connect-redis';
import express from 'express';
import flash from 'connect-flash';
import { createClient } from 'redis';
import { sessions } from '@session-sidecar/client/express';
import { connectRedisSessions } from '@session-sidecar/client/express-session';
import type { Browser } from '../../support/browser';
import { outcomeOfCli } from '../../support/run-cli';
import { cookieName, expressSession, secret, storeFrameworks } from '../../support/store-frameworks';
import type { StoredApp } from '../../support/store-frameworks';
import { StoreFixture, visitor } from './fixture';

/* Sessions that the real express-session and connect-redis have written are imported in bulk, and their visitors come back. */

const fixture = new StoreFixture();
const earlierDatabase = 7;
let earlier: ReturnType<typeof createClient>;

beforeEach(async () => {
  earlier = createClient({ url: fixture.redis.url, database: earlierDatabase });
  await earlier.connect();
  fixture.stack.defer(() => earlier.close());
});

const app: StoredApp = (page) => {
  const [, action, field = '', value = ''] = page.path.split('/');
  if (action === 'set') page.session[field] = value;
  return JSON.stringify({ ...page.session, cookie: undefined });
};

async function earlierVisitor(options?: { readonly maxAge: number }): Promise<Browser> {
  const store = new RedisStore({ client: earlier });
  const browser = visitor(await fixture.serve(expressSession, app, store, options));
  await browser.text('/set/user/Ada');
  return browser;
}

async function importAll(...args: readonly string[]): Promise<unknown> {
  const source = `${fixture.redis.url}/${earlierDatabase}`;
  const { code, stdout, stderr } = await outcomeOfCli(
    ['import', 'connect-redis', '--source', source, '--subject', '/user', '--json', ...args],
    fixture,
  );
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

async function handlesOf(subject: string): Promise<string[]> {
  const handles: string[] = [];
  for await (const { handle } of fixture.client.forSubject(subject).list()) handles.push(handle);
  return handles;
}

/** The same browser at another server. */
async function moved(before: Browser, url: string): Promise<Browser> {
  const browser = visitor(url);
  await browser.setCookie((await before.cookie())!);
  return browser;
}

describe.each(storeFrameworks)('with the store, on $name', (framework) => {
  test.each([undefined, { maxAge: 3_600_000 }])('visitors keep their sessions and cookies, %j', async (options) => {
    const before = await earlierVisitor(options);
    expect(await importAll()).toMatchObject({ imported: 1, withoutSubject: 0 });
    const browser = await moved(before, await fixture.serve(framework, app, fixture.store(), options));
    expect(await browser.text('/get')).toBe('{"user":"Ada"}');
    expect(await browser.text('/set/cart/tea')).toBe('{"user":"Ada","cart":"tea"}');
    expect(await browser.text('/get')).toBe('{"user":"Ada","cart":"tea"}');
    expect(await handlesOf('Ada')).toHaveLength(1);
    expect(await earlier.dbSize()).toBe(1);
  });
});

describe('beside importFrom', () => {
  const moving = () => fixture.store({ importFrom: connectRedisSessions({ client: earlier }) });

  test('finds what was imported, and what was not', async () => {
    const [one, two] = [await earlierVisitor(), await earlierVisitor()];
    const url = await fixture.serve(expressSession, app, moving());
    expect(await (await moved(one, url)).text('/set/cart/tea')).toBe('{"user":"Ada","cart":"tea"}');
    expect(await importAll()).toMatchObject({ imported: 1, alreadyThere: 0 });
    expect(await (await moved(one, url)).text('/get')).toBe('{"user":"Ada","cart":"tea"}');
    expect(await (await moved(two, url)).text('/get')).toBe('{"user":"Ada"}');
  });

  test('a visitor who signs out does not come back with another import', async () => {
    const before = await earlierVisitor();
    await importAll();
    const store = moving();
    const sid = decodeURIComponent((await before.cookie())!)
      .slice(2)
      .split('.')[0]!;
    await store.destroy(sid);
    expect(await importAll('--again')).toMatchObject({ keys: 0, imported: 0 });
    expect(await store.get(sid)).toBeNull();
  });
});

describe('with an adapter', () => {
  async function flashVisitor(): Promise<Browser> {
    const server = express();
    const { default: session } = await import('express-session');
    server.use(
      session({ secret, store: new RedisStore({ client: earlier }), resave: false, saveUninitialized: false }),
    );
    server.use(flash());
    server.get('/', (req, res) => {
      (req.session as unknown as Record<string, unknown>)['user'] = 'Ada';
      (req as unknown as { flash(queue: string, message: string): void }).flash('info', 'Saved');
      res.send();
    });
    const browser = visitor(await fixture.stack.serve(server));
    await browser.text('/');
    return browser;
  }

  /** An application that reads everything, or signs out. */
  const serve = (formerSecret: string) => {
    const server = express();
    server.use(sessions({ client: fixture.client, formerCookie: { secret: ['newer', formerSecret] } }));
    server.get('/', async (req, res) => {
      const messages = await req.session.popFlash('info');
      res.json({ ...req.session.toObject(), messages, isNew: req.session.isNew });
    });
    server.get('/in', (req, res) => {
      req.session.set('user', 'Eve');
      res.json({});
    });
    server.get('/out', async (req, res) => {
      await req.session.invalidate();
      res.json({});
    });
    return fixture.stack.serve(server);
  };

  const get = (url: string, cookie: string) => fetch(url, { headers: { cookie } });

  test('visitors keep their sessions, with messages of connect-flash, and get the cookie of the adapter', async () => {
    const before = await flashVisitor();
    await importAll('--for', 'adapter');
    const url = await serve(secret);
    const former = `${cookieName}=${(await before.cookie())!}`;
    const first = await get(url, former);
    expect(await first.json()).toEqual({ user: 'Ada', messages: ['Saved'], isNew: false });
    const [own = ''] = first.headers.getSetCookie();
    expect(own).toMatch(/^session_sidecar=/);
    const second = await get(url, `${former}; ${own.split(';')[0]}`);
    expect(await second.json()).toEqual({ user: 'Ada', messages: [], isNew: false });
    expect(second.headers.getSetCookie()).toEqual([]);
    await get(`${url}/out`, `${former}; ${own.split(';')[0]}`);
    expect(await (await get(url, former)).json()).toEqual({ messages: [], isNew: true });
    // A session that begins now has another id.
    await get(`${url}/in`, former);
    expect(await (await get(url, former)).json()).toEqual({ messages: [], isNew: true });
  });

  test('a cookie that express-session has not signed finds nothing', async () => {
    const before = await flashVisitor();
    await importAll('--for', 'adapter');
    const value = (await before.cookie())!;
    const url = await serve('another secret');
    for (const cookie of [value, value.slice(0, -2), value.replace(/\..*/, ''), 's%3A.', '']) {
      const response = await get(url, `${cookieName}=${cookie}`);
      expect(await response.json()).toMatchObject({ isNew: true });
    }
  });

  test.each(['', []])('a secret of %j is refused', (invalid) => {
    expect(() => sessions({ client: fixture.client, formerCookie: { secret: invalid } })).toThrow(/formerCookie/);
  });
});
