import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Browser } from '../../support/browser';
import { execute } from '../../support/commands';
import { gunicorn } from '../../support/gunicorn';
import { freePort } from '../../support/free-port';
import { recordsIn } from '../../support/redis-inspection';
import type { RedisServer } from '../../support/redis';
import { stackForAllTests } from '../../support/stack';
import { sayIfMissing, toolchains } from '../../support/toolchains';
import type { Toolchain } from '../../support/toolchains';

/* The asynchronous views of account_app.py, whose CSRF tokens are in the session. */

const { python } = toolchains();
sayIfMissing('asynchronous views of Django', python);
const testDjango = python.missing === undefined ? test : test.skip;

const servers = [
  { server: 'uvicorn', args: ['-m', 'uvicorn', '--port', '0', 'account_app:application'] },
  { server: 'gunicorn', args: gunicorn('account_app:wsgi_application', { workers: 2, threads: 4 }) },
];

describe.each(servers)('asynchronous views on $server', ({ args }) => {
  const stack = stackForAllTests();
  let redis: RedisServer;
  let browser: Browser;
  let database: string;
  let url: string;

  function serve(environment: Readonly<Record<string, string>>): Promise<string> {
    const { command, env } = python as Toolchain;
    return stack.webServer(command, args, { cwd: __dirname, env: { ...env, DATABASE: database, ...environment } });
  }

  beforeAll(async () => {
    if (python.missing !== undefined) return;
    redis = await stack.redis();
    const { address } = await stack.sidecar({ redis });
    database = join(stack.directory(), 'accounts.sqlite3');
    const env = { ...python.env, DATABASE: database, SIDECAR_ADDRESS: address };
    await execute(python.command, ['account_app.py'], { cwd: __dirname, env });
    url = await serve({ SIDECAR_ADDRESS: address });
  });

  beforeEach(async () => {
    if (python.missing !== undefined) return;
    await redis.admin.flushdb();
    browser = new Browser(url, 'sessionid');
  });

  const token = () => browser.text('/form');

  async function send(path: string, fields: Record<string, string>, csrfmiddlewaretoken: string): Promise<Response> {
    return browser.post(path, { csrfmiddlewaretoken, ...fields });
  }

  const statusOf = async (...sent: Parameters<typeof send>): Promise<number> => (await send(...sent)).status;

  const login = async () => statusOf('/login', { name: 'Ada', password: 'secret' }, await token());

  const me = async (): Promise<unknown> => (await browser.fetch('/me')).json();

  testDjango('a visitor who only looks gets no session and no cookie', async () => {
    expect(await me()).toEqual({ user: '' });
    expect(await (await browser.fetch('/heard')).json()).toEqual([]);
    expect((await browser.fetch('/me')).headers.getSetCookie()).toEqual([]);
    expect(await redis.admin.dbsize()).toBe(0);
  });

  testDjango('a login keeps what was written and replaces the key, and a logout ends the session', async () => {
    expect(await statusOf('/write', { key: 'color', value: 'green' }, await token())).toBe(200);
    const before = await browser.cookie();
    expect(await login()).toBe(200);
    expect(await me()).toEqual({ user: 'Ada', color: 'green' });
    const during = await browser.cookie();
    expect(during).not.toBe(before);
    expect(await statusOf('/logout', {}, await token())).toBe(200);
    expect(await recordsIn(redis)).toEqual({});
    for (const dead of [before, during]) {
      await browser.setCookie(dead!);
      expect(await me()).toEqual({ user: '' });
    }
  });

  testDjango('parallel requests lose nothing', async () => {
    const form = await token();
    const numbers = Array.from({ length: 10 }, (_, number) => String(number));
    const statuses = await Promise.all([
      ...numbers.map((item) => statusOf('/add', { item }, form)),
      ...numbers.map((value) => statusOf('/write', { key: `key${value}`, value }, form)),
    ]);
    expect(new Set(statuses)).toEqual(new Set([200]));
    const { cart, ...others } = (await me()) as { cart: string[] };
    expect([...cart].sort()).toEqual(numbers);
    expect(others).toEqual({ user: '', ...Object.fromEntries(numbers.map((value) => [`key${value}`, value])) });
  });

  testDjango('each message is shown once, however requests overlap', async () => {
    const form = await token();
    const texts = Array.from({ length: 12 }, (_, number) => `message ${String(number)}`);
    const heard = async () => (await (await browser.fetch('/heard')).json()) as string[];
    const [shown, statuses] = await Promise.all([
      Promise.all(Array.from({ length: 8 }, heard)),
      Promise.all(texts.map((text) => statusOf('/say', { text }, form))),
    ]);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect([...shown.flat(), ...(await heard())].sort()).toEqual([...texts].sort());
  });

  testDjango('a form needs the token of its session, which no cookie has', async () => {
    const form = await token();
    const write = (csrf: string) => statusOf('/write', { key: 'a', value: '1' }, csrf);
    const response = await browser.fetch('/form');
    expect(response.headers.getSetCookie().join()).not.toContain('csrf');
    const records = await Promise.all(Object.keys(await recordsIn(redis)).map((key) => redis.admin.get(key)));
    expect(records.join()).toContain('_csrftoken');

    const other = await new Browser(url, 'sessionid').text('/form');
    expect(await Promise.all(['', 'x'.repeat(64), other].map(write))).toEqual([403, 403, 403]);
    expect(await me()).toEqual({ user: '' });
    expect(await write(form)).toBe(200);
    // The same secret under another mask.
    expect(await write(await token())).toBe(200);
  });

  testDjango('a login replaces the token, and a forged request stores nothing', async () => {
    const form = await token();
    expect(await login()).toBe(200);
    expect(await statusOf('/write', { key: 'a', value: '1' }, form)).toBe(403);
    expect(await me()).toEqual({ user: 'Ada' });
    await browser.setCookie('');
    const sessions = await redis.admin.dbsize();
    expect(await statusOf('/write', { key: 'a', value: '1' }, form)).toBe(403);
    expect(await redis.admin.dbsize()).toBe(sessions);
  });

  testDjango('a streamed answer is saved before it is sent, and reads what was loaded', async () => {
    const response = await send('/stream', { value: 'second' }, await token());
    expect(await response.text()).toBe('first second');
    expect(await me()).toEqual({ user: '', streamed: 'second' });
  });

  testDjango('without a sidecar, visitors with a session get 503, and others are served', async () => {
    const stranded = await serve({ SIDECAR_ADDRESS: `127.0.0.1:${String(await freePort())}`, TIMEOUT: '0.2' });
    const { status, headers } = await fetch(`${stranded}/me`, { headers: { cookie: `sessionid=${'x'.repeat(68)}` } });
    expect([status, headers.get('Retry-After'), headers.getSetCookie()]).toEqual([503, '1', []]);
    expect((await fetch(`${stranded}/me`)).status).toBe(200);
  });
});
