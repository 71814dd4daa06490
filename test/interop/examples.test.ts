import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { SessionClient } from '@session-sidecar/client';
import type { SessionData } from '@session-sidecar/client/express';
import { createShop } from '../../examples/express/src/app';
import { Browser, csrfTokenIn } from '../support/browser';
import { until } from '../support/poll';
import { freeAddress } from '../support/free-port';
import type { RedisServer } from '../support/redis';
import { stackForAllTests } from '../support/stack';
import { buildGo, sayIfMissing, toolchains } from '../support/toolchains';

const root = join(__dirname, '..', '..');
const { go, python } = toolchains();
sayIfMissing('examples/go', go);
sayIfMissing('examples/python', python);

const stack = stackForAllTests();
let redis: RedisServer;
/** The URL of each shop. */
const shops: Record<string, string> = {};

/** Starts a shop that uses the sidecar at `address`, and resolves to its URL. */
const starters: Readonly<Record<string, (address: string) => Promise<string>>> = {
  express: async (address) => {
    const client = stack.use(new SessionClient<SessionData>({ address, timeoutMs: 20_000 }));
    return stack.serve(createShop({ client, pay: () => Promise.resolve() }));
  },
  ...(go.missing === undefined && { go: (address) => startShop(buildGo(go, 'examples/go'), [], go.env, address) }),
  ...(python.missing === undefined && {
    flask: (address) => startShop(python.command, [join(root, 'examples/python/flask_shop.py')], python.env, address),
    fastapi: (address) =>
      startShop(python.command, [join(root, 'examples/python/fastapi_shop.py')], python.env, address),
    pyramid: (address) =>
      startShop(python.command, [join(root, 'examples/python/pyramid_shop.py')], python.env, address),
  }),
};

async function startShop(command: string, args: readonly string[], env: NodeJS.ProcessEnv, address: string) {
  const shop = stack.command(command, args, { env: { ...env, SIDECAR_ADDRESS: address, PORT: '0' } });
  return until('the shop', () => /The shop is open: (\S+)\n/.exec(shop.output().stdout)?.[1]);
}

const languages = ['go', 'flask', 'fastapi', 'pyramid', 'express'];
const cookieNameOf = (name: string) => (name === 'pyramid' ? 'session' : 'session_sidecar');
const others = languages.slice(0, -1);
const testIf = (...needed: string[]) => (needed.every((name) => name in starters) ? test : test.skip);

beforeAll(async () => {
  redis = await stack.redis();
  const sidecar = await stack.sidecar({ redis });
  for (const [name, start] of Object.entries(starters)) shops[name] = await start(sidecar.address);
});

beforeEach(async () => {
  await redis.admin.flushdb();
});

async function signIn(browser: Browser, name: string): Promise<Response> {
  return browser.submit('/login', { name });
}

/** What a page shows: messages, the user, and the cart. */
function read(page: string) {
  return {
    messages: [...page.matchAll(/role="status">([^<]*)</g)].map(([, message]) => message),
    user: /Hello, ([^<]*)!/.exec(page)?.[1],
    cart: /In your cart: ([^<]*)</
      .exec(page)?.[1]
      ?.split(', ')
      .filter((name) => name !== 'nothing'),
  };
}

const emptyPage = { messages: [], user: undefined, cart: [] };

describe.each(languages)('the %s example', (name) => {
  const openBrowser = () => new Browser(shops[name]!, cookieNameOf(name));

  testIf(name)('gives a visitor who only looks no cookie and stores nothing', async () => {
    const response = await fetch(shops[name]!);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(read(await response.text())).toEqual(emptyPage);
    expect(await redis.admin.dbsize()).toBe(0);
  });

  testIf(name)('sets a cookie that scripts and foreign pages cannot use, once', async () => {
    const browser = openBrowser();
    const [cookie, ...more] = (await browser.fetch('/login')).headers.getSetCookie();
    expect(more).toEqual([]);
    expect(cookie).toMatch(new RegExp(`^${cookieNameOf(name)}=[\\w-]{43}\\.[\\w-]{24};`));
    expect(cookie).toMatch(/; HttpOnly/i);
    expect(cookie).toMatch(/; SameSite=Lax/i);
    expect(cookie).toMatch(/; Path=\//i);
    expect((await browser.fetch('/')).headers.getSetCookie()).toEqual([]);
  });

  testIf(name)('keeps the cart, shows each message once, and escapes what visitors type', async () => {
    const browser = openBrowser();
    const added = await browser.submit('/products/tea', { product: 'tea' });
    expect(added.redirected).toBe(true);
    expect(read(await added.text())).toEqual({ messages: ['Tea is in your cart.'], user: undefined, cart: ['Tea'] });
    const welcome = read(await (await signIn(browser, '<Ada>')).text());
    expect(welcome).toMatchObject({ messages: [expect.stringMatching(/^Welcome, &.*Ada&.*!$/)], cart: ['Tea'] });
    expect(read(await browser.text('/'))).toMatchObject({ messages: [], cart: ['Tea'] });
  });

  testIf(name)('changes the token at login, and rejects the old cookie', async () => {
    const browser = openBrowser();
    await browser.submit('/products/tea', { product: 'tea' });
    const before = await browser.cookie();
    await signIn(browser, 'Ada');
    expect(await browser.cookie()).not.toBe(before);
    const thief = openBrowser();
    await thief.setCookie(before!);
    expect(read(await thief.text('/'))).toEqual(emptyPage);
  });

  testIf(name)('loses no click when many arrive at once', async () => {
    const browser = openBrowser();
    await signIn(browser, 'Ada');
    const csrf_token = csrfTokenIn(await browser.text('/'));
    const click = () => browser.post('/cart', { csrf_token, product: 'tea' }, { redirect: 'manual' });
    const clicks = 8;
    const responses = await Promise.all(Array.from({ length: clicks }, click));
    expect(responses.map(({ status }) => status)).toEqual(Array(clicks).fill(303));
    expect(read(await browser.text('/')).cart).toEqual(Array(clicks).fill('Tea'));
  });

  testIf(name)('refuses a form without its token and changes nothing', async () => {
    const browser = openBrowser();
    await signIn(browser, 'Ada');
    await browser.text('/');
    for (const path of ['/cart', '/login', '/logout']) {
      const fields = { product: 'kettle', name: 'Mallory', csrf_token: 'guessed' };
      expect((await browser.post(path, fields)).status).toBe(403);
    }
    expect(read(await browser.text('/'))).toEqual({ messages: [], user: 'Ada', cart: [] });
  });

  testIf(name)('ends the session at logout, and says so on the next page', async () => {
    const browser = openBrowser();
    await signIn(browser, 'Ada');
    const old = await browser.cookie();
    const page = await browser.post('/logout', { csrf_token: csrfTokenIn(await browser.text('/')) });
    expect(read(await page.text())).toEqual({ ...emptyPage, messages: ['You are signed out.'] });
    const thief = openBrowser();
    await thief.setCookie(old!);
    expect(read(await thief.text('/'))).toEqual(emptyPage);
  });
});

describe.each(others)('the %s example without a sidecar', (name) => {
  testIf(name)('answers 503 to visitors with a session, and serves the others', async () => {
    const url = await starters[name]!(await freeAddress());
    expect((await fetch(url, { headers: { cookie: `${cookieNameOf(name)}=any` } })).status).toBe(503);
    expect((await fetch(url)).status).toBe(200);
  });
});

describe.each(languages.flatMap((from) => languages.map((to) => ({ from, to }))).filter(({ from, to }) => from !== to))(
  'a visitor of the $from shop',
  ({ from, to }) => {
    testIf(from, to)(`is known in the ${to} shop, with cart and messages, and can sign out there`, async () => {
      const [first, second] = [from, to].map((name) => new Browser(shops[name]!, cookieNameOf(name))) as [
        Browser,
        Browser,
      ];
      await signIn(first, 'Grüße 👋');
      const csrf_token = csrfTokenIn(await first.text('/'));
      await first.post('/cart', { csrf_token, product: 'tea' }, { redirect: 'manual' });
      await second.setCookie((await first.cookie())!);
      const page = await second.text('/');
      expect(read(page)).toEqual({ messages: ['Tea is in your cart.'], user: 'Grüße 👋', cart: ['Tea'] });
      await second.post('/logout', { csrf_token: csrfTokenIn(page) });
      expect(read(await first.text('/'))).toEqual(emptyPage);
    });
  },
);
