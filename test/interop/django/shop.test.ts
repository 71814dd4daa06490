import { join } from 'node:path';
import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Browser } from '../../support/browser';
import { execute } from '../../support/commands';
import { gunicorn } from '../../support/gunicorn';
import { freeAddress } from '../../support/free-port';
import { recordsIn } from '../../support/redis-inspection';
import type { RedisServer } from '../../support/redis';
import { stackForAllTests } from '../../support/stack';
import { sayIfMissing, toolchains } from '../../support/toolchains';
import type { Toolchain } from '../../support/toolchains';

const folder = join(__dirname, '..', '..', '..', 'examples', 'python', 'django_shop');
const { python } = toolchains();
sayIfMissing('examples/python/django_shop', python);
const testDjango = python.missing === undefined ? test : test.skip;

const stack = stackForAllTests();
let redis: RedisServer;
let database: string;
let address: string;
let url: string;

const onGunicorn = gunicorn('shop_wsgi:application', { workers: 2, threads: 4 });
const onUvicorn = ['-m', 'uvicorn', '--port', '0', 'shop_asgi:application'];

function serve(address: string, args = onGunicorn): Promise<string> {
  const { command, env } = python as Toolchain;
  return stack.webServer(command, args, {
    cwd: folder,
    env: { ...env, SIDECAR_ADDRESS: address, DATABASE: database },
  });
}

beforeAll(async () => {
  if (python.missing !== undefined) return;
  database = join(stack.directory(), 'shop.sqlite3');
  const user = { DJANGO_SUPERUSER_USERNAME: 'Ada', DJANGO_SUPERUSER_PASSWORD: 'secret' };
  const env = { ...python.env, ...user, DATABASE: database, DJANGO_SUPERUSER_EMAIL: 'ada@example.org' };
  for (const command of [['migrate'], ['createsuperuser', '--noinput']])
    await execute(python.command, ['manage.py', ...command], { cwd: folder, env });
  redis = await stack.redis();
  ({ address } = await stack.sidecar({ redis }));
  url = await serve(address);
});

beforeEach(async () => {
  if (python.missing === undefined) await redis.admin.flushdb();
});

const openBrowser = (at = url) => new Browser(at, 'sessionid');

const formTokenIn = (html: string): string => /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(html)?.[1] ?? '';

/** Sends a form of a page. Django wants a Referer or Origin only over https. */
async function submit(browser: Browser, page: string, action: string, fields = {}): Promise<Response> {
  const csrfmiddlewaretoken = formTokenIn(await browser.text(page));
  return browser.post(action, { csrfmiddlewaretoken, ...fields });
}

const credentials = { username: 'Ada', password: 'secret' };

/** What the shop's page shows. */
function read(page: string) {
  return {
    messages: [...page.matchAll(/role="status">([^<]*)</g)].map(([, message]) => message),
    user: /Hello, ([^<]*)!/.exec(page)?.[1],
    cart: /In your cart: ([^<]*)</.exec(page)?.[1]?.split(', '),
  };
}

testDjango('a visitor who only looks gets no session', async () => {
  const browser = openBrowser();
  expect(read(await browser.text('/'))).toEqual({ messages: [], user: undefined, cart: ['nothing'] });
  expect(await browser.cookie()).toBeUndefined();
  expect(await redis.admin.dbsize()).toBe(0);
});

testDjango('the cart stays at login, messages are shown once, and the key is replaced', async () => {
  const browser = openBrowser();
  const added = await submit(browser, '/', '/cart', { product: 'tea' });
  expect(read(await added.text())).toEqual({ messages: ['Tea is in your cart.'], user: undefined, cart: ['Tea'] });
  const before = await browser.cookie();
  const welcome = await submit(browser, '/login', '/login', credentials);
  expect(read(await welcome.text())).toEqual({ messages: ['Welcome, Ada!'], user: 'Ada', cart: ['Tea'] });
  expect(await browser.cookie()).not.toBe(before);
  expect(read(await browser.text('/')).messages).toEqual([]);
  const thief = openBrowser();
  await thief.setCookie(before!);
  expect(read(await thief.text('/'))).toEqual({ messages: [], user: undefined, cart: ['nothing'] });
});

testDjango('the admin logs in, shows its pages, and logs out', async () => {
  const browser = openBrowser();
  const refused = await submit(browser, '/admin/login/', '/admin/login/?next=/admin/', {
    ...credentials,
    password: 'x',
  });
  expect(await refused.text()).toContain('Please enter the correct username and password');
  expect(await browser.cookie()).toBeUndefined();
  const index = await submit(browser, '/admin/login/', '/admin/login/?next=/admin/', credentials);
  expect(await index.text()).toContain('Site administration');
  const changed = await submit(browser, '/admin/auth/group/add/', '/admin/auth/group/add/', { name: 'Sellers' });
  expect(await changed.text()).toMatch(/class="success">.*Sellers.* was added successfully/s);
  const key = await browser.cookie();
  expect((await browser.fetch('/admin/auth/group/')).url).toBe(`${url}/admin/auth/group/`);
  const farewell = await submit(browser, '/admin/', '/admin/logout/');
  expect(read(await farewell.text())).toMatchObject({ messages: ['You are signed out.'], user: undefined });
  const thief = openBrowser();
  await thief.setCookie(key!);
  expect((await thief.fetch('/admin/')).url).toContain('/admin/login/');
});

testDjango('a new password keeps this browser signed in, and signs the others out', async () => {
  const [browser, other] = [openBrowser(), openBrowser()];
  for (const each of [browser, other]) await submit(each, '/login', '/login', credentials);
  const before = await browser.cookie();
  const path = '/admin/password_change/';
  const passwords = { old_password: 'secret', new_password1: 'secret', new_password2: 'secret' };
  const done = await submit(browser, path, path, passwords);
  expect(done.url).toBe(`${url}${path}done/`);
  expect(await browser.cookie()).not.toBe(before);
  expect([read(await browser.text('/')).user, read(await other.text('/')).user]).toEqual(['Ada', undefined]);
});

testDjango('no click is lost when many arrive at once, at two processes', async () => {
  const browser = openBrowser();
  await submit(browser, '/', '/cart', { product: 'tea' });
  const csrfmiddlewaretoken = formTokenIn(await browser.text('/'));
  const click = () => browser.post('/cart', { csrfmiddlewaretoken, product: 'cups' }, { redirect: 'manual' });
  const responses = await Promise.all(Array.from({ length: 8 }, click));
  expect(responses.map(({ status }) => status)).toEqual(Array(8).fill(302));
  expect(read(await browser.text('/')).cart).toEqual(['Tea', ...Array<string>(8).fill('Two cups')]);
});

testDjango('each message is shown by one page, however clicks and pages overlap at two processes', async () => {
  const browser = openBrowser();
  await submit(browser, '/login', '/login', credentials);
  const csrfmiddlewaretoken = formTokenIn(await browser.text('/'));
  const click = () => browser.post('/cart', { csrfmiddlewaretoken, product: 'cups' }, { redirect: 'manual' });
  const look = async () => read(await browser.text('/')).messages;
  const [shown] = await Promise.all([
    Promise.all(Array.from({ length: 6 }, look)),
    Promise.all(Array.from({ length: 12 }, click)),
  ]);
  const texts = [...shown.flat(), ...(await look())];
  expect(texts).toEqual(Array(12).fill('Two cups is in your cart.'));
});

testDjango('the same shop works on an asynchronous server', async () => {
  const browser = openBrowser(await serve(address, onUvicorn));
  await submit(browser, '/', '/cart', { product: 'tea' });
  const welcome = await submit(browser, '/login', '/login', credentials);
  expect(read(await welcome.text())).toEqual({ messages: ['Welcome, Ada!'], user: 'Ada', cart: ['Tea'] });
  const farewell = await submit(browser, '/', '/logout');
  expect(read(await farewell.text())).toMatchObject({ messages: ['You are signed out.'], user: undefined });
});

testDjango('Redis holds the session under the user, and nothing that works as a cookie', async () => {
  const browser = openBrowser();
  await submit(browser, '/login', '/login', credentials);
  const [, secret = ''] = /^[\w-]{22}([\w-]{21})\./.exec((await browser.cookie()) ?? '') ?? [];
  expect(secret).not.toBe('');
  const values = Object.keys(await recordsIn(redis)).map((key) => redis.admin.get(key));
  const stored = [...(await redis.admin.keys('*')), ...(await Promise.all(values))].join('\n');
  expect(stored).toContain('_auth_user_id');
  expect(stored).not.toContain(secret);
});

testDjango('a visitor whose record is damaged is not mistaken for a new one, and can sign out', async () => {
  const browser = openBrowser();
  await submit(browser, '/login', '/login', credentials);
  const csrfmiddlewaretoken = formTokenIn(await browser.text('/'));
  const [key = ''] = Object.keys(await recordsIn(redis));
  await redis.admin.set(key, 'rubbish');
  expect((await browser.fetch('/')).status).toBe(500);
  expect((await browser.post('/logout', { csrfmiddlewaretoken }, { redirect: 'manual' })).status).toBe(302);
  expect(await redis.admin.exists(key)).toBe(0);
  expect(read(await browser.text('/'))).toEqual({
    messages: ['You are signed out.'],
    user: undefined,
    cart: ['nothing'],
  });
});

testDjango('without a sidecar, visitors with a session get 503, and others are served', async () => {
  const stranded = await serve(await freeAddress());
  const response = await fetch(stranded, { headers: { cookie: `sessionid=${'x'.repeat(68)}` } });
  expect([response.status, response.headers.get('Retry-After'), response.headers.getSetCookie()]).toEqual([
    503,
    '1',
    [],
  ]);
  expect((await fetch(stranded)).status).toBe(200);
});
