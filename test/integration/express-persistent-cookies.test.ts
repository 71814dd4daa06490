import { describe, expect, test } from '@jest/globals';
import type { Express, Request } from 'express';
import { sessions } from '@session-sidecar/client/express';
import { Browser } from '../support/browser';
import { ExpressStack } from '../support/express-stack';
import type { Options } from '../support/express-stack';
import { countRpcs } from '../support/sidecar';

declare module '@session-sidecar/client/express' {
  interface SessionData {
    remember?: boolean;
  }
}

const stack = new ExpressStack();

const page = (app: Express) => {
  app.get('/read', (req, res) => void res.json(req.session.size));
  app.get('/write', (req, res) => {
    req.session.set('note', 'new');
    res.send();
  });
  app.get('/public', (req, res) => void res.set('Cache-Control', 'public, max-age=60').json(req.session.size));
  app.get('/fails', (req, res) => void res.status(500).json(req.session.size));
  app.get('/untouched', (_, res) => void res.send());
};

/** The cookie that a response sets, without its token. */
function cookieOf(response: Response): string | undefined {
  const cookies = response.headers.getSetCookie();
  expect(cookies.length).toBeLessThanOrEqual(1);
  return cookies[0]?.replace(/=[^;]+/, '');
}

describe('a rolling cookie', () => {
  const options: Options = { cookie: { maxAge: 60, rolling: true } };
  const renewed = 'session_sidecar; Max-Age=60; Path=/; HttpOnly; SameSite=Lax';

  /** `fetch` sends the mode of scripts, so the test sends the browser's by another header. */
  const serve = () =>
    stack.serveBare((app) => {
      app.use((req, _res, next) => {
        req.headers['sec-fetch-mode'] = req.get('X-Fetch-Mode');
        next();
      });
      app.use(sessions({ client: stack.client, ...options }));
      page(app);
    });

  test.each([
    ['a page that reads', '/read', {}, renewed, { GetSession: 2 }],
    ['a page that writes', '/write', {}, renewed, { GetSession: 1, UpdateSession: 1 }],
    ['a page that uses no session', '/untouched', {}, undefined, { GetSession: 1 }],
    ['a page opened by a link', '/read', { 'X-Fetch-Mode': 'navigate' }, renewed, { GetSession: 2 }],
    ['what a script fetches', '/read', { 'X-Fetch-Mode': 'cors' }, undefined, { GetSession: 1 }],
    ['a page for shared caches', '/public', {}, undefined, { GetSession: 2 }],
    ['a failed page', '/fails', {}, undefined, { GetSession: 1 }],
  ] as const)('for %s', async (_, path, headers, expected, calls) => {
    const browser = await stack.browserWithSession(await serve());
    const token = await browser.cookie();
    const before = await countRpcs(stack.sidecar);
    const response = await browser.fetch(path, { headers });
    expect(cookieOf(response)).toBe(expected);
    expect(await browser.cookie()).toBe(token);
    const after = Object.entries(await countRpcs(stack.sidecar));
    const counted = after.map(([method, count]) => [method, count - (before[method] ?? 0)] as const);
    expect(Object.fromEntries(counted.filter(([, count]) => count > 0))).toEqual(calls);
  });

  test('does not bring back a token that a parallel request has replaced', async () => {
    let goOn = () => {};
    let begun = () => {};
    const isRunning = new Promise<void>((resolve) => (begun = resolve));
    const url = await stack.serveBare((app) => {
      app.use((req, _res, next) => {
        delete req.headers['sec-fetch-mode'];
        next();
      });
      app.use(sessions({ client: stack.client, ...options }));
      app.get('/slow', async (req, res) => {
        begun();
        await new Promise<void>((resolve) => (goOn = resolve));
        res.json(req.session.get('note'));
      });
      app.get('/login', async (req, res) => {
        await req.session.regenerate();
        res.send();
      });
    });
    const browser = await stack.browserWithSession(url);
    const slow = browser.fetch('/slow');
    await isRunning;
    await browser.fetch('/login');
    const token = await browser.cookie();
    goOn();
    expect(cookieOf(await slow)).toBeUndefined();
    expect(await browser.cookie()).toBe(token);
    expect(await stack.stored(token)).toEqual({ note: 'old' });
  });
});

describe('"remember me"', () => {
  const options: Options = {
    cookie: { maxAge: 3600 },
    remember: (session) => session.get('remember', false),
  };
  const serve = () =>
    stack.serve((app) => {
      page(app);
      app.get('/login/:remember', async ({ session, params }, res) => {
        session.set('remember', params.remember === 'yes');
        await session.regenerate();
        res.send();
      });
      app.get('/settings/:remember', ({ session, params }, res) => {
        session.set('remember', params.remember === 'yes');
        res.send();
      });
    }, options);
  const kept = 'session_sidecar; Max-Age=3600; Path=/; HttpOnly; SameSite=Lax';
  const closed = 'session_sidecar; Path=/; HttpOnly; SameSite=Lax';

  test('keeps the cookie of visitors who ask for it, and of no others', async () => {
    const url = await serve();
    expect(cookieOf(await new Browser(url).fetch('/login/yes'))).toBe(kept);
    expect(cookieOf(await new Browser(url).fetch('/login/no'))).toBe(closed);
    expect(cookieOf(await new Browser(url).fetch('/write'))).toBe(closed);
  });

  test('sets the cookie again when the visitor changes it, with the same token', async () => {
    const url = await serve();
    const browser = new Browser(url);
    await browser.fetch('/login/no');
    const token = await browser.cookie();
    expect(cookieOf(await browser.fetch('/read'))).toBeUndefined();
    expect(cookieOf(await browser.fetch('/settings/yes'))).toBe(kept);
    expect(cookieOf(await browser.fetch('/read'))).toBeUndefined();
    expect(cookieOf(await browser.fetch('/settings/no'))).toBe(closed);
    expect(await browser.cookie()).toBe(token);
  });

  test('needs to know for how long', () => {
    expect(() => sessions({ client: stack.client, remember: () => true })).toThrow(
      'Expected `cookie.maxAge` to be given with `remember`',
    );
  });
});

test('A cookie of the name that the application has set itself is replaced, and others are kept', async () => {
  const url = await stack.serve((app) => {
    app.get('/', async (req: Request, res) => {
      res.clearCookie('session_sidecar').cookie('theme', 'dark');
      await req.session.invalidate();
      res.send();
    });
  });
  const browser = await stack.browserWithSession(url);
  const cookies = (await browser.fetch('/')).headers.getSetCookie();
  expect(cookies.map((cookie) => cookie.replace(/;.*/, ''))).toEqual(['theme=dark', 'session_sidecar=']);
  expect(await browser.cookie()).toBeUndefined();
});
