import { describe, expect, test } from '@jest/globals';
import { ExpressStack } from '../support/express-stack';
import { countRpcs } from '../support/sidecar';

const stack = new ExpressStack();

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

  test('gets the session of the valid token, wherever it is among ended and forged ones', async () => {
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

  test('keeps that session when it writes', async () => {
    const [dead, live] = [await stale(), await store()];
    expect(await visit('/write', [plain(dead), plain(live)])).toMatchObject({ origin: 'found', setCookies: [] });
    expect(await stack.stored(live)).toEqual({ note: 'new' });
  });

  test('can sign in and out although an ended one comes before its own', async () => {
    const [dead, live] = [await stale(), await store()];
    const { setCookies } = await visit('/login', [plain(dead), plain(live)]);
    expect(setCookies).toEqual([expect.stringMatching(/^session_sidecar=/)]);
    const next = /=([^;]+)/.exec(setCookies[0]!)![1]!;
    expect(await stack.stored(next)).toEqual({ note: 'old' });
    const after = await visit('/logout', [plain(dead), plain(next)]);
    expect(namesAndValues(after.setCookies)).toEqual(['session_sidecar=']);
    expect(await stack.stored(next)).toBeUndefined();
  });

  test('has at most three of them looked up', async () => {
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

  test('has the others deleted with a new token over https, and all of them at sign-out', async () => {
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
