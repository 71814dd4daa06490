import { describe, expect, test } from '@jest/globals';
import type { Request } from 'express';
import { sessions } from '@session-sidecar/client/express';
import { Browser } from '../support/browser';
import { ExpressStack, expressVersions } from '../support/express-stack';
import { countRpcs } from '../support/sidecar';

const stack = new ExpressStack();

const steps = {
  use: ({ session }: Request) => session.set('note', 'new'),
  store: ({ session }: Request) => session.csrfToken(),
  invalidate: ({ session }: Request) => session.invalidate(),
  regenerate: ({ session }: Request) => session.regenerate(),
};
type Step = keyof typeof steps;

// The table of the seed library. It stores and sets a cookie for whoever touches the session; this does so only when
// something is written, hence the second row. Those that regenerate or store are not in the seed's.
const table: [start: 'new' | 'existing', steps: Step[], usually: string, withheld: string][] = [
  ['new', [], 'none', 'none'],
  ['new', ['use'], 'set', 'none'],
  ['new', ['store'], 'set', 'none'],
  ['new', ['invalidate'], 'none', 'none'],
  ['new', ['invalidate', 'use'], 'set', 'none'],
  ['new', ['invalidate', 'use', 'invalidate'], 'none', 'none'],
  ['new', ['store', 'invalidate'], 'none', 'none'],
  ['new', ['invalidate', 'invalidate'], 'none', 'none'],
  ['existing', [], 'none', 'none'],
  ['existing', ['use'], 'none', 'none'],
  ['existing', ['invalidate'], 'delete', 'delete'],
  ['existing', ['invalidate', 'use'], 'set', 'delete'],
  ['existing', ['invalidate', 'store'], 'set', 'delete'],
  ['existing', ['invalidate', 'use', 'invalidate'], 'delete', 'delete'],
  ['existing', ['invalidate', 'invalidate'], 'delete', 'delete'],
  ['existing', ['regenerate'], 'set', 'set'],
];

function effectOf(response: Response): string {
  const cookies = response.headers.getSetCookie();
  expect(cookies.length).toBeLessThanOrEqual(1);
  const [cookie] = cookies;
  if (cookie === undefined) return 'none';
  return cookie.startsWith('session_sidecar=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970') ? 'delete' : 'set';
}

describe.each(expressVersions)('On %s, the cookie of a session', (_, express) => {
  const cases = table.flatMap(([start, done, usually, withheld]) =>
    [true, false].flatMap((cookieOnException) =>
      [false, true].map((fails) => ({
        start,
        done,
        what: done.length === 0 ? 'nothing is done' : done.join(', then '),
        cookieOnException,
        fails,
        effect: fails && !cookieOnException ? withheld : usually,
      })),
    ),
  );
  test.each(cases)(
    '$start, when $what, with cookieOnException=$cookieOnException and an exception ($fails): $effect',
    async ({ start, done, cookieOnException, fails, effect }) => {
      const run = async (req: Request) => {
        // Looking is nothing.
        req.session.get('note');
        for (const step of done) await steps[step](req);
        if (fails) throw new Error('made up');
      };
      const url = await stack.serve(
        (app) => app.get('/', (req, res, next) => void run(req).then(() => res.send('done'), next)),
        { cookieOnException },
        express,
      );
      const browser = start === 'new' ? new Browser(url) : await stack.browserWithSession(url);
      const before = await browser.cookie();
      const response = await browser.fetch('/');
      expect(response.status).toBe(fails ? 500 : 200);
      expect(effectOf(response)).toBe(effect);

      const after = await browser.cookie();
      if (effect === 'set') expect(after).not.toBe(before);
      else expect(after).toBe(effect === 'delete' ? undefined : before);
      // Nothing is left in Redis that the browser could not ask for.
      expect(await redisSize()).toBe(after === undefined ? 0 : 1);
      if (after !== undefined) expect(await stack.stored(after)).toBeDefined();
    },
  );
});

const redisSize = () => stack.redis.admin.dbsize();

describe('a visitor without a session', () => {
  test('who writes nothing gets no cookie, stores nothing and costs no call', async () => {
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

  test('who brings a cookie that is not alive keeps it, and is new', async () => {
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

  test('are one to read and one to save, and none that is not needed', async () => {
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

describe('a browser that sends several cookies of the name', () => {
  /** The answer, the cookies that it sets, and what it costs. */
  async function visit(path: string, cookies: readonly string[], headers: Record<string, string> = {}) {
    const url = await stack.serve((app) => {
      app.set('trust proxy', true);
      app.get('/read', (req, res) => void res.json([req.session.origin, req.session.get('note') ?? null]));
      app.get('/write', (req, res) => {
        req.session.set('note', 'new');
        res.json([req.session.origin, null]);
      });
      app.get('/login', async (req, res) => {
        await req.session.regenerate();
        res.json([req.session.origin, req.session.get('note') ?? null]);
      });
      app.get('/logout', async (req, res) => {
        await req.session.invalidate();
        res.json([req.session.origin, null]);
      });
    });
    const before = await countRpcs(stack.sidecar);
    const response = await fetch(url + path, { headers: { ...headers, Cookie: cookies.join('; ') } });
    const [origin, note] = (await response.json()) as [string, string | null];
    const reads = ((await countRpcs(stack.sidecar))['GetSession'] ?? 0) - (before['GetSession'] ?? 0);
    return { origin, note, reads, setCookies: response.headers.getSetCookie() };
  }

  const store = async (note = 'old'): Promise<string> => {
    const session = stack.client.create();
    session.set('note', note);
    await session.save();
    return session.token!;
  };
  /** As an earlier session left behind in the browser, or another host of the site put there. */
  const stale = async (): Promise<string> => {
    const session = await stack.client.open(await store('stale'));
    const token = session.token!;
    await session.invalidate();
    return token;
  };
  const plain = (token: string) => `session_sidecar=${token}`;
  const host = (token: string) => `__Host-session_sidecar=${token}`;
  const overHttps = { 'X-Forwarded-Proto': 'https' };
  const namesAndValues = (cookies: readonly string[]) => cookies.map((cookie) => cookie.replace(/;.*/, ''));

  test('gets the session that is found, wherever it is among those that are dead or made up', async () => {
    const live = await store();
    const [one, two] = [await stale(), await stale()];
    for (const [cookies, reads] of [
      [[plain(live)], 1],
      [[plain(live), plain(one)], 1],
      [[plain(one), plain(live)], 2],
      [[plain(one), plain(two), plain(live)], 3],
      [[plain(one), plain(one), plain(one), plain(one), plain(live)], 2],
      [[plain('made-up'), plain(''), plain('x'.repeat(300)), plain(live)], 1],
    ] as const) {
      expect(await visit('/read', cookies)).toEqual({ origin: 'found', note: 'old', reads, setCookies: [] });
    }
  });

  test('keeps the session that is found when it writes: no other takes its place', async () => {
    const [dead, live] = [await stale(), await store()];
    expect(await visit('/write', [plain(dead), plain(live)])).toMatchObject({ origin: 'found', setCookies: [] });
    expect(await stack.stored(live)).toEqual({ note: 'new' });
  });

  test('can sign in and out with a dead one before its own', async () => {
    const [dead, live] = [await stale(), await store()];
    const { setCookies } = await visit('/login', [plain(dead), plain(live)]);
    expect(setCookies).toEqual([expect.stringMatching(/^session_sidecar=/)]);
    const next = /=([^;]+)/.exec(setCookies[0]!)![1]!;
    expect(await stack.stored(next)).toEqual({ note: 'old' });
    const after = await visit('/logout', [plain(dead), plain(next)]);
    expect(namesAndValues(after.setCookies)).toEqual(['session_sidecar=']);
    expect(await stack.stored(next)).toBeUndefined();
  });

  test('has three of them tried at most', async () => {
    const dead = await Promise.all([stale(), stale(), stale(), stale(), stale()]);
    const { origin, reads } = await visit('/read', dead.map(plain));
    expect({ origin, reads }).toEqual({ origin: 'not_found', reads: 3 });
  });

  test('gets the session of the cookie that no other host can set', async () => {
    const [tossed, own] = [await store('tossed'), await store()];
    const cookies = [plain(tossed), host(own)];
    expect(await visit('/read', cookies, overHttps)).toEqual({
      origin: 'found',
      note: 'old',
      reads: 1,
      setCookies: [],
    });
  });

  test('gets the others deleted with a new token over https, and all of them at sign-out', async () => {
    const live = await store();
    expect(await visit('/read', [plain(live)], overHttps)).toMatchObject({ note: 'old', setCookies: [] });
    const { setCookies } = await visit('/login', [plain(live)], overHttps);
    expect(namesAndValues(setCookies)).toEqual([
      expect.stringMatching(/^__Host-session_sidecar=.{68}$/),
      'session_sidecar=',
    ]);
    const next = /=([^;]+)/.exec(setCookies[0]!)![1]!;
    const after = await visit('/logout', [host(next), plain(await store('left behind'))], overHttps);
    expect(namesAndValues(after.setCookies)).toEqual(['__Host-session_sidecar=', 'session_sidecar=']);
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

  test('do not become Secure because somebody who is not trusted says so', async () => {
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
  test('are told that the response depends on the cookie where the session was touched, and only there', async () => {
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
    expect(headers.get('Cache-Control')).toBe('public, max-age=60, no-cache="Set-Cookie"');
    expect(headers.getSetCookie().map((cookie) => cookie.split('=')[0])).toEqual(['theme', 'session_sidecar']);
  });
});

describe('sessions()', () => {
  test('mounted twice works once', async () => {
    const url = await stack.serve((app) => {
      app.use(sessions({ client: stack.client, cookie: { name: 'inner' } }));
      app.get('/', (req, res) => {
        req.session.set('note', 'new');
        res.send();
      });
    });
    expect((await fetch(url)).headers.getSetCookie()).toEqual([expect.stringMatching(/^session_sidecar=/)]);
  });

  test('does not quietly leave the place to another middleware', async () => {
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
