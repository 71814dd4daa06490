import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import type { SessionData } from '@session-sidecar/client/express';
import { createShop } from '../../examples/express/src/app';
import { Browser, csrfTokenIn } from '../support/browser';
import { connect } from '../support/client';
import type { RedisServer } from '../support/redis';
import { recordsIn } from '../support/redis-inspection';
import { countRpcs } from '../support/sidecar';
import type { Sidecar } from '../support/sidecar';
import { until } from '../support/poll';
import { stackForAllTests } from '../support/stack';

const stack = stackForAllTests();

let redis: RedisServer;
let sidecar: Sidecar;
/** The URL of the shop. */
let shop: string;
let client: SessionClient<SessionData>;
/** Payments that are in flight; each is finished by calling it. */
const payments: (() => void)[] = [];

beforeAll(async () => {
  redis = await stack.redis();
  sidecar = await stack.sidecar({ redis });
  const pay = () => new Promise<void>((resolve) => payments.push(resolve));
  client = stack.use(connect(sidecar));
  shop = await stack.serve(createShop({ client, pay }));
});

beforeEach(async () => {
  await redis.admin.flushdb();
});

const openBrowser = () => new Browser(shop);

async function signIn(browser: Browser, name: string): Promise<void> {
  const response = await browser.submit('/login', { name });
  expect(response.status).toBe(200);
}

/** The messages of a page, and whose cart holds what. */
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

describe('a visitor who only looks', () => {
  test('gets no cookie, stores nothing and causes no call', async () => {
    const before = await countRpcs(sidecar);
    const response = await fetch(shop);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('Tea');
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(await redis.admin.dbsize()).toBe(0);
    expect(await countRpcs(sidecar)).toEqual(before);
  });

  test('gets a session with the first form, and is recognised afterwards', async () => {
    const browser = openBrowser();
    await browser.text('/products/tea');
    expect(await redis.admin.dbsize()).toBe(1);
    const page = await (await browser.submit('/products/tea', { product: 'tea' })).text();
    expect(read(page)).toEqual({ messages: ['Tea is in your cart.'], user: undefined, cart: ['Tea'] });
    expect(await redis.admin.dbsize()).toBe(1);
  });
});

test("Two browsers do not see each other's session", async () => {
  const [ada, bob] = [openBrowser(), openBrowser()];
  await Promise.all([signIn(ada, 'Ada'), signIn(bob, 'Bob')]);
  await Promise.all([ada.submit('/', { product: 'tea' }), bob.submit('/', { product: 'kettle' })]);
  expect(read(await ada.text('/'))).toEqual({ messages: [], user: 'Ada', cart: ['Tea'] });
  expect(read(await bob.text('/'))).toEqual({ messages: [], user: 'Bob', cart: ['Kettle'] });
});

describe('signing in', () => {
  test('changes the token, keeps the cart, and invalidates the old cookie', async () => {
    const browser = openBrowser();
    await browser.submit('/products/tea', { product: 'tea' });
    const before = await browser.cookie();
    await signIn(browser, 'Ada');
    const after = await browser.cookie();
    expect(after).not.toBe(before);
    expect(read(await browser.text('/'))).toMatchObject({ user: 'Ada', cart: ['Tea'] });

    const thief = openBrowser();
    await thief.setCookie(before!);
    expect(read(await thief.text('/'))).toEqual({ messages: [], user: undefined, cart: [] });
    expect(Object.keys(await recordsIn(redis))).toHaveLength(1);
  });

  test('shows the welcome after the redirect, once, whatever the name is', async () => {
    const browser = openBrowser();
    const response = await browser.submit('/login', { name: '<Ada>' });
    expect(response.redirected).toBe(true);
    expect(read(await response.text()).messages).toEqual(['Welcome, &#60;Ada&#62;!']);
    expect(read(await browser.text('/')).messages).toEqual([]);
  });
});

describe('parallel requests', () => {
  test('all put their product into the cart', async () => {
    const browser = openBrowser();
    await signIn(browser, 'Ada');
    const token = csrfTokenIn(await browser.text('/'));
    // transform() tries at most 50 times, and each click changes the session twice.
    const clicks = 25;
    const click = () => browser.post('/cart', { csrf_token: token, product: 'tea' }, { redirect: 'manual' });
    const responses = await Promise.all(Array.from({ length: clicks }, click));
    expect(responses.map(({ status }) => status)).toEqual(Array(clicks).fill(303));
    expect(read(await browser.text('/'))).toMatchObject({
      cart: Array(clicks).fill('Tea'),
      messages: Array(clicks).fill('Tea is in your cart.'),
    });
  });

  test('show each flash message on exactly one page', async () => {
    const browser = openBrowser();
    await signIn(browser, 'Ada');
    const token = csrfTokenIn(await browser.text('/'));
    await browser.post('/cart', { csrf_token: token, product: 'tea' }, { redirect: 'manual' });
    const pages = await Promise.all(Array.from({ length: 20 }, () => browser.text('/')));
    expect(pages.flatMap((page) => read(page).messages)).toEqual(['Tea is in your cart.']);
  });
});

describe('forms', () => {
  test.each(['/cart', '/checkout', '/login', '/logout'])(
    '%s without its token is refused and changes nothing',
    async (path) => {
      const browser = openBrowser();
      await signIn(browser, 'Ada');
      await browser.submit('/', { product: 'tea' });
      await browser.text('/');
      const fields = { product: 'kettle', name: 'Mallory' };
      expect((await browser.post(path, fields)).status).toBe(403);
      expect((await browser.post(path, { ...fields, csrf_token: 'guessed' })).status).toBe(403);
      expect(read(await browser.text('/'))).toEqual({ messages: [], user: 'Ada', cart: ['Tea'] });
    },
  );

  test("another visitor's token is refused", async () => {
    const [ada, mallory] = [openBrowser(), openBrowser()];
    await signIn(ada, 'Ada');
    const token = csrfTokenIn(await mallory.text('/login'));
    expect((await ada.post('/logout', { csrf_token: token })).status).toBe(403);
  });

  test('the token from before signing in is refused afterwards', async () => {
    const browser = openBrowser();
    const token = csrfTokenIn(await browser.text('/login'));
    await signIn(browser, 'Ada');
    expect((await browser.post('/cart', { csrf_token: token, product: 'tea' })).status).toBe(403);
  });
});

describe('signing out', () => {
  test('ends the session and says so on the next page', async () => {
    const browser = openBrowser();
    await signIn(browser, 'Ada');
    const old = await browser.cookie();
    const page = await browser.post('/logout', { csrf_token: csrfTokenIn(await browser.text('/')) });
    expect(read(await page.text())).toEqual({ messages: ['You are signed out.'], user: undefined, cart: [] });

    const thief = openBrowser();
    await thief.setCookie(old!);
    expect(read(await thief.text('/')).user).toBeUndefined();
  });

  test('during a slow request makes that one fail with 409 and the session stays ended', async () => {
    const browser = openBrowser();
    await signIn(browser, 'Ada');
    await browser.submit('/', { product: 'tea' });
    const old = await browser.cookie();
    const keys = Object.keys(await recordsIn(redis));
    const token = csrfTokenIn(await browser.text('/'));

    const checkout = browser.post('/checkout', { csrf_token: token }, { redirect: 'manual' });
    const finishPayment = await until('the payment to begin', () => payments.shift());
    await browser.post('/logout', { csrf_token: token });
    finishPayment();

    const response = await checkout;
    expect(response.status).toBe(409);
    expect(await response.text()).toContain('Your session has ended');
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(await redis.admin.exists(...keys)).toBe(0);
    expect(await browser.cookie()).not.toBe(old);
    expect(read(await browser.text('/')).user).toBeUndefined();
  });
});

test('With the sidecar down, visitors with a session get an error page, and others the shop', async () => {
  const visitor = openBrowser();
  await signIn(visitor, 'Ada');
  // The shop with a sidecar that has gone, for which it does not wait long.
  const own = await stack.sidecar({ redis });
  const ownClient = stack.use(connect<SessionData>(own, { timeoutMs: 2000 }));
  const url = await stack.serve(createShop({ client: ownClient, pay: () => Promise.resolve() }));
  const browser = new Browser(url);
  await browser.setCookie((await visitor.cookie())!);
  await own.close();

  const logged: unknown[] = [];
  const { error } = console;
  console.error = (entry) => logged.push(entry);
  try {
    const response = await browser.fetch('/');
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('Please try again later');
    expect(logged).toMatchObject([{ code: 'UNAVAILABLE' }]);
    expect((await fetch(url)).status).toBe(200);
  } finally {
    console.error = error;
  }
});
