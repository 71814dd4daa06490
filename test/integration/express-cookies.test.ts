import { describe, expect, test } from '@jest/globals';
import type { Request } from 'express';
import { sessions } from '@session-sidecar/client/express';
import { Browser } from '../support/browser';
import { ExpressStack } from '../support/express-stack';
import { countRpcs } from '../support/sidecar';

const stack = new ExpressStack();

function effectOf(response: Response): string {
  const cookies = response.headers.getSetCookie();
  expect(cookies.length).toBeLessThanOrEqual(1);
  const [cookie] = cookies;
  if (cookie === undefined) return 'none';
  return cookie.startsWith('session_sidecar=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970') ? 'delete' : 'set';
}

const redisSize = () => stack.redis.admin.dbsize();

describe('a visitor without a session', () => {
  test('who writes nothing gets no cookie, stores nothing and causes no call', async () => {
    const url = await stack.serve((app) => {
      app.get('/', async (req, res) => {
        const { session } = req;
        const messages = await session.popFlash();
        res.json({ note: session.get('note', 'none'), size: session.size, messages });
      });
    });
    const before = await countRpcs(stack.sidecar);
    const response = await fetch(url);
    expect(await response.json()).toEqual({ note: 'none', size: 0, messages: [] });
    expect(effectOf(response)).toBe('none');
    expect(await redisSize()).toBe(0);
    expect(await countRpcs(stack.sidecar)).toEqual(before);
  });

  test('whose cookie is of no live session keeps it, and has a new session', async () => {
    const url = await stack.serve((app) => app.get('/', (req, res) => void res.json(req.session.origin)));
    for (const [cookie, origin] of [
      ['made-up', 'token_invalid'],
      [(await (await stack.browserWithSession(url)).cookie())!, 'not_found'],
    ] as const) {
      await stack.redis.admin.flushdb();
      const browser = new Browser(url);
      await browser.setCookie(cookie);
      const response = await browser.fetch('/');
      expect([effectOf(response), await response.json()]).toEqual(['none', origin]);
    }
  });
});

describe('the calls of a request', () => {
  const calls = async (request: () => Promise<unknown>) => {
    const before = await countRpcs(stack.sidecar);
    await request();
    const after = Object.entries(await countRpcs(stack.sidecar));
    return Object.fromEntries(
      after.map(([method, count]) => [method, count - (before[method] ?? 0)]).filter(([, count]) => count),
    );
  };

  test('are one read and one save, each only if needed', async () => {
    const url = await stack.serve((app) => {
      app.get('/untouched', (_, res) => void res.send());
      app.get('/read', (req, res) => void res.json(req.session.toObject()));
      app.get('/form', async (req, res) => void res.send(await req.session.csrfToken()));
      app.get('/write', (req, res) => {
        req.session.set('note', 'new');
        req.session.set('key1', 1);
        req.session.flash('Hello');
        req.session.setSubject('Ada');
        res.send();
      });
      app.get('/stream', (req, res) => {
        req.session.set('note', 'streamed');
        res.write('one');
        res.end('two');
      });
      app.get('/login', async (req, res) => {
        req.session.set('note', 'logged in');
        await req.session.regenerate();
        res.redirect('/read');
      });
    });
    const visit = (path: string, browser: Browser) => calls(() => browser.fetch(path, { redirect: 'manual' }));
    const stranger = new Browser(url);
    expect(await visit('/untouched', stranger)).toEqual({});
    expect(await visit('/read', stranger)).toEqual({});
    expect(await visit('/write', stranger)).toEqual({ CreateSession: 1 });

    const guest = await stack.browserWithSession(url);
    expect(await visit('/untouched', guest)).toEqual({ GetSession: 1 });
    expect(await visit('/read', guest)).toEqual({ GetSession: 1 });
    expect(await visit('/form', guest)).toEqual({ GetSession: 1 });
    expect(await visit('/write', guest)).toEqual({ GetSession: 1, UpdateSession: 1 });
    expect(await visit('/stream', guest)).toEqual({ GetSession: 1, UpdateSession: 1 });
    expect(await visit('/login', guest)).toEqual({ GetSession: 1, RegenerateSession: 1 });
  });
});

describe('the attributes of the cookie', () => {
  const serve = (trustProxy: boolean, options = {}) =>
    stack.serve((app) => {
      app.set('trust proxy', trustProxy);
      app.get('/', (req, res) => {
        req.session.set('note', 'new');
        res.send();
      });
    }, options);
  const attributesOf = async (url: string, headers = {}) => {
    const { headers: answered } = await fetch(url, { headers });
    return answered.getSetCookie()[0]!.split('; ').slice(1).sort();
  };
  const overHttps = { 'X-Forwarded-Proto': 'https' };

  test('are HttpOnly and SameSite=Lax, and over https Secure', async () => {
    const url = await serve(true);
    expect((await fetch(url, { headers: overHttps })).headers.getSetCookie()[0]).toMatch(/^__Host-session_sidecar=/);
    expect(await attributesOf(url)).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax']);
    expect(await attributesOf(url, overHttps)).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure']);
  });

  test('do not become Secure because of a proxy that is not trusted', async () => {
    expect(await attributesOf(await serve(false), overHttps)).not.toContain('Secure');
  });

  test('are those of the options', async () => {
    const cookie = { name: '__Host-shop', secure: true, sameSite: 'strict', maxAge: 60 } as const;
    const url = await serve(false, { cookie });
    expect((await fetch(url)).headers.getSetCookie()[0]).toMatch(/^__Host-shop=/);
    expect(await attributesOf(url)).toEqual(['HttpOnly', 'Max-Age=60', 'Path=/', 'SameSite=Strict', 'Secure']);
  });
});

describe('caches', () => {
  test('see in Vary that the response depends on the cookie if the session was touched, and only then', async () => {
    const url = await stack.serve((app) => {
      app.get('/untouched', (_, res) => void res.send());
      app.get('/touched', (req, res) => void res.vary('Accept').json(req.session.size));
    });
    expect((await fetch(`${url}/untouched`)).headers.get('Vary')).toBeNull();
    expect((await fetch(`${url}/touched`)).headers.get('Vary')).toBe('Accept, Cookie');
  });

  test('may not hand on the cookie, even of a response they may keep', async () => {
    const url = await stack.serve((app) => {
      app.get('/', (req, res) => {
        req.session.set('note', 'new');
        res.set('Cache-Control', 'public, max-age=60').cookie('theme', 'dark').send();
      });
    });
    const { headers } = await fetch(url);
    expect(headers.get('Cache-Control')).toBe('private, max-age=60');
    expect(headers.getSetCookie().map((cookie) => cookie.split('=')[0])).toEqual(['theme', 'session_sidecar']);
  });
});

describe('sessions()', () => {
  test('has no further effect when mounted twice', async () => {
    const url = await stack.serve((app) => {
      app.use(sessions({ client: stack.client, cookie: { name: 'inner' } }));
      app.get('/', (req, res) => {
        req.session.set('note', 'new');
        res.send();
      });
    });
    expect((await fetch(url)).headers.getSetCookie()).toEqual([expect.stringMatching(/^session_sidecar=/)]);
  });

  test('fails if another middleware has set req.session', async () => {
    const url = await stack.serveBare((app) => {
      app.use((req, _, next) => next(void Object.assign(req, { session: {} })));
      app.use(sessions({ client: stack.client }));
    });
    const response = await fetch(url);
    expect(response.status).toBe(500);
    expect(await response.text()).toContain('Expected no other middleware to set `req.session`');
  });

  test('types what the application declared', () => {
    const typed = ({ session }: Request) => {
      const note: string | undefined = session.get('note');
      session.set('note', note ?? '');
      // @ts-expect-error -- declared as a string
      session.set('note', 7);
      // @ts-expect-error -- declared nowhere
      session.get('nota');
      // @ts-expect-error -- only the middleware puts it there
      (undefined as unknown as Request).session = session;
    };
    expect(typed).toBeDefined();
  });
});
