import { describe, expect } from '@jest/globals';
import { until } from '../../support/poll';
import { countRpcs } from '../../support/sidecar';
import { effectOf } from '../../support/web-stack';
import { pythonTest, PythonServers, frameworks } from './fixture';

/* What a session does to the responses of Python applications. The rules are those of docs/guide/web-sessions.md. */

const python = new PythonServers(...frameworks);

describe.each(frameworks)('%s: a request', (framework) => {
  pythonTest('that does not use the session changes nothing in the response, and costs no call', async () => {
    const visitor = await python.visitor(framework);
    const before = await countRpcs(python.sidecar);
    const response = await visitor.fetch('/untouched');
    expect([await response.text(), response.headers.get('Vary'), effectOf(response)]).toEqual(['plain', null, 'none']);
    expect(await countRpcs(python.sidecar)).toEqual(before);
  });

  pythonTest('that only reads sets no cookie, and stores nothing', async () => {
    const browser = python.browser(framework);
    const response = await browser.fetch('/read');
    const { headers } = response;
    expect([await response.json(), headers.get('Vary'), effectOf(response)]).toEqual([{}, 'Cookie', 'none']);
    expect(headers.get('Cache-Control')).toBeNull();
  });

  pythonTest('that writes sets the cookie once, and the next one reads it back', async () => {
    const browser = python.browser(framework);
    const first = await browser.fetch('/count');
    expect([await first.text(), effectOf(first)]).toEqual(['1', 'set']);
    expect(first.headers.get('Cache-Control')).toBe('private');
    const second = await browser.fetch('/count');
    expect([await second.text(), effectOf(second)]).toEqual(['2', 'none']);
    expect(await python.stored(browser)).toEqual({ visits: 2 });
  });

  pythonTest('costs one call to read, and one more to write', async () => {
    const visitor = await python.visitor(framework);
    const before = await countRpcs(python.sidecar);
    await visitor.fetch('/count');
    const after = await countRpcs(python.sidecar);
    const calls = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
    expect(Object.fromEntries(calls.filter(([, count]) => count > 0))).toEqual({ GetSession: 1, UpdateSession: 1 });
  });

  pythonTest('that came by https gets a cookie that no other host can set', async () => {
    const headers = { 'X-Forwarded-Proto': 'https' };
    const response = await fetch(`${python.url(framework)}/count`, { headers });
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-session_sidecar=[\w-]+\.[\w-]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ]);
  });

  pythonTest('that sets cookies of its own keeps them, and no shared cache may keep the response', async () => {
    const { headers } = await python.browser(framework).fetch('/public');
    expect(headers.getSetCookie().map((cookie) => cookie.split('=')[0])).toEqual(['theme', 'session_sidecar']);
    expect([headers.get('Cache-Control'), headers.get('Vary')]).toEqual(['private, max-age=60', 'Accept, Cookie']);
  });

  pythonTest('that is redirected by an exception saves', async () => {
    const browser = python.browser(framework);
    const response = await browser.fetch('/raised', { redirect: 'manual' });
    expect([response.status, effectOf(response)]).toEqual([303, 'set']);
    expect(await browser.text('/read')).toBe('{"visits":1}'.concat(framework === 'flask' ? '\n' : ''));
  });

  pythonTest('that is refused by an exception saves', async () => {
    const browser = python.browser(framework);
    const response = await browser.fetch('/refused');
    expect([response.status, effectOf(response), await python.stored(browser)]).toEqual([403, 'set', { visits: 1 }]);
  });

  pythonTest('of the method HEAD, and one that is answered with 304, save like others', async () => {
    for (const [path, method, status] of [
      ['/count', 'HEAD', 200],
      ['/not-modified', 'GET', 304],
    ] as const) {
      const browser = python.browser(framework);
      const response = await browser.fetch(path, { method });
      expect([response.status, effectOf(response), await response.text()]).toEqual([status, 'set', '']);
      expect(await python.stored(browser)).toEqual({ visits: 1 });
    }
  });

  pythonTest('that regenerates the token gives it to the browser, and the old one is dead', async () => {
    const browser = await python.visitor(framework);
    const before = (await browser.cookie())!;
    const response = await browser.fetch('/login');
    expect(await response.json()).toEqual({ note: 'old', user: 'Ada' });
    const after = await browser.cookie();
    await browser.setCookie(before);
    expect([after === before, await (await browser.fetch('/read')).json()]).toEqual([false, {}]);
  });

  pythonTest('of a login that another one has overtaken signs in with a new session, if it says so', async () => {
    for (const [choice, status, effect, stored] of [
      ['or-create', 303, 'set', { user: 'Ada' }],
      ['or-fail', 409, 'none', undefined],
    ] as const) {
      const browser = await python.visitor(framework);
      const response = await browser.fetch(`/login-overtaken/${choice}`, { redirect: 'manual' });
      expect([choice, response.status, effectOf(response)]).toEqual([choice, status, effect]);
      expect(await python.stored(browser)).toEqual(stored);
    }
  });

  pythonTest('that ends the session deletes the cookie, and the token is dead', async () => {
    const browser = await python.visitor(framework);
    const before = (await browser.cookie())!;
    expect(effectOf(await browser.fetch('/logout'))).toBe('delete');
    expect(await browser.cookie()).toBeUndefined();
    await browser.setCookie(before);
    const response = await browser.fetch('/read');
    expect([await response.json(), effectOf(response)]).toEqual([{}, 'none']);
  });

  pythonTest('with several cookies finds the session behind foreign ones', async () => {
    const visitor = await python.visitor(framework);
    const token = await visitor.cookie();
    const foreign = `${'a'.repeat(43)}.${'b'.repeat(24)}`;
    const cookie = `session_sidecar=rubbish; session_sidecar=${foreign}; session_sidecar=${token}`;
    const response = await fetch(`${python.url(framework)}/read`, { headers: { cookie } });
    expect(await response.json()).toEqual({ note: 'old' });
  });

  pythonTest('among 50 parallel ones on one cookie loses no write of another', async () => {
    const visitor = await python.visitor(framework);
    const keys = Array.from({ length: 50 }, (_, index) => `key${index}`);
    const responses = await Promise.all(keys.map((key) => visitor.fetch(`/put/${key}`)));
    expect(responses.map(({ status }) => status)).toEqual(keys.map(() => 200));
    const expected = Object.fromEntries(keys.map((key) => [key, true]));
    expect(await python.stored(visitor)).toEqual({ note: 'old', ...expected });
  });

  pythonTest('that is answered by a stream saves before the headers are sent, and again at its end', async () => {
    const browser = await python.visitor(framework);
    const response = await browser.fetch('/stream');
    expect(await python.stored(browser)).toEqual({ note: 'before' });
    const parallel = await python.client.open(await browser.cookie());
    parallel.set('go', true);
    await parallel.save();
    expect(await response.text()).toBe('first second');
    expect(await python.stored(browser)).toEqual({ note: 'before', go: true, late: true });
  });

  pythonTest('that starts a session in a stream is cut off, because no cookie can be sent', async () => {
    const browser = python.browser(framework);
    const response = await browser.fetch('/stream-too-late');
    await expect(response.text()).rejects.toThrow();
    expect(await python.redis.admin.keys(`*${(await browser.cookie()) ?? 'none'}*`)).toEqual([]);
    await until('the error in the log', () => python.log(framework).includes('too late for its cookie'));
    expect((await browser.fetch('/untouched')).status).toBe(200);
  });
});

describe.each(frameworks)('%s: a visitor who wants to be remembered', (framework) => {
  const configuration = framework === 'flask' ? 'plain' : 'remember';

  pythonTest('gets a cookie that lasts, once', async () => {
    const browser = python.browser(framework, configuration);
    const [cookie] = (await browser.fetch('/remember/yes')).headers.getSetCookie();
    expect(cookie).toMatch(/; Max-Age=2592000;/);
    expect(effectOf(await browser.fetch('/remember/yes'))).toBe('none');
  });

  pythonTest('can change the choice, which sets the cookie again', async () => {
    const browser = python.browser(framework, configuration);
    const [cookie] = (await browser.fetch('/remember/no')).headers.getSetCookie();
    expect(cookie).not.toMatch(/Max-Age/);
    const [again] = (await browser.fetch('/remember/yes')).headers.getSetCookie();
    expect(again).toMatch(/; Max-Age=2592000;/);
  });
});
