import { describe, expect, test } from '@jest/globals';
import { Browser } from '../../support/browser';
import { messageOf } from '../../support/errors';
import { ExpressStack } from '../../support/express-stack';
import type { Options } from '../../support/express-stack';

declare module '@session-sidecar/client/express' {
  interface SessionData {
    remember?: boolean;
  }
}

const stack = new ExpressStack();
const hour = 3_600_000;

const serve = (options: Options) =>
  stack.serve((app) => {
    app.get('/', ({ session: { cookie } }, res) => {
      const { path, httpOnly, secure, sameSite, originalMaxAge, maxAge, expires } = cookie;
      res.json({ path, httpOnly, secure, sameSite, originalMaxAge, maxAge, expires });
    });
    app.get('/remember', (req, res) => {
      req.session.set('note', 'signed in');
      req.session.cookie.maxAge = hour;
      res.send();
    });
    app.get('/forget', (req, res) => {
      req.session.cookie.expires = false;
      res.send();
    });
    app.get('/touch', (req, res) => {
      req.session.touch();
      res.send();
    });
    app.get('/refused', ({ session: { cookie } }, res) => {
      const refused = [
        () => (cookie.maxAge = 2 * hour),
        () => (cookie.expires = new Date()),
        () => Object.assign(cookie, { secure: true }),
      ];
      res.json(refused.map(messageOf));
    });
  }, options);

/** How long the browser keeps the cookie that a response sets, in seconds; `null`: until it is closed. `undefined`: it sets none. */
function maxAgeOf(response: Response): number | null | undefined {
  const [cookie] = response.headers.getSetCookie();
  if (cookie === undefined) return undefined;
  const [, seconds] = /Max-Age=(\d+)/.exec(cookie) ?? [];
  return seconds === undefined ? null : Number(seconds);
}

describe('req.session.cookie', () => {
  const attributes = { path: '/', httpOnly: true, secure: 'auto', sameSite: 'lax' };

  test('tells what the cookie is', async () => {
    expect(await (await fetch(await serve({}))).json()).toEqual({
      ...attributes,
      ...{ originalMaxAge: null, maxAge: null, expires: null },
    });
    const url = await serve({ cookie: { maxAge: 3600, path: '/', sameSite: 'strict' } });
    expect(await (await fetch(url)).json()).toEqual({
      ...attributes,
      ...{ sameSite: 'strict', originalMaxAge: hour, maxAge: hour, expires: expect.stringMatching(/Z$/) },
    });
  });

  test('keeps the cookie and the session of visitors who ask for it', async () => {
    const url = await serve({ cookie: { maxAge: 3600 }, remember: 'remember' });
    const browser = new Browser(url);
    expect(maxAgeOf(await browser.fetch('/remember'))).toBe(3600);
    const remembered = await stack.client.open(await browser.cookie());
    expect([remembered.get('remember'), remembered.get('note')]).toEqual([true, 'signed in']);
    // The sidecar's own idle timeout is shorter.
    const other = await stack.browserWithSession(url);
    const { expires } = await stack.client.open(await other.cookie());
    expect(remembered.expires!.getTime()).toBeGreaterThan(expires!.getTime());

    expect(await (await browser.fetch('/')).json()).toMatchObject({ maxAge: hour });
    expect(maxAgeOf(await browser.fetch('/forget'))).toBeNull();
    expect(await (await browser.fetch('/')).json()).toMatchObject({ maxAge: null, originalMaxAge: hour });
  });

  test('accepts what is so anyway', async () => {
    const browser = new Browser(await serve({ cookie: { maxAge: 3600 } }));
    expect(maxAgeOf(await browser.fetch('/remember'))).toBe(3600);
    expect((await new Browser(await serve({})).fetch('/forget')).status).toBe(200);
  });

  test('refuses other assignments, and says what to use', async () => {
    const url = await serve({ cookie: { maxAge: 3600 }, remember: 'remember' });
    expect(await (await fetch(`${url}/refused`)).json()).toEqual([
      expect.stringMatching(/3600000.*setIdleTimeout\(\)/),
      expect.stringContaining('cookie.maxAge'),
      expect.stringContaining('`cookie.secure` of sessions()'),
    ]);
    for (const options of [{ remember: () => true }, {}]) {
      const other = await serve({ cookie: { maxAge: 3600 }, ...options });
      const response = await fetch(`${other}/forget`);
      expect([response.status, await response.text()]).toEqual([500, expect.stringContaining('`remember`')]);
    }
  });
});

test('touch() renews a cookie that the browser keeps, and no other', async () => {
  for (const [options, renewed] of [
    [{ cookie: { maxAge: 3600 } }, 3600],
    [{}, undefined],
  ] as const) {
    const browser = await stack.browserWithSession(await serve(options));
    const token = await browser.cookie();
    expect(maxAgeOf(await browser.fetch('/touch'))).toBe(renewed);
    expect(await browser.cookie()).toBe(token);
    expect(maxAgeOf(await browser.fetch('/'))).toBeUndefined();
  }
});
