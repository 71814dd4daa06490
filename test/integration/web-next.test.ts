import { beforeAll, describe, expect, test } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import { sessions } from '@session-sidecar/client/next';
import type { CookieAttributes, CookieStore, SessionsOptions } from '@session-sidecar/client/next';
import { connect } from '../support/client';
import { countRpcs } from '../support/sidecar';
import type { Sidecar } from '../support/sidecar';
import { stackForAllTests } from '../support/stack';
import { storedData } from '../support/visitors';
import type { Visits } from '../support/web-frameworks';

/* With objects like those that Next.js gives to server actions and server components; with Next.js itself: test/docs/nextjs.test.ts. */

declare module '@session-sidecar/client/next' {
  // oxlint-disable-next-line typescript/no-empty-object-type -- it extends another type
  interface SessionData extends Visits {}
}

const shared = stackForAllTests();
let sidecar: Sidecar;
let client: SessionClient<Visits>;

beforeAll(async () => {
  sidecar = await shared.sidecar({ settings: { MAX_SESSION_SIZE: '1KiB' } });
  client = shared.use(connect<Visits>(sidecar));
});

interface Set {
  readonly name: string;
  readonly value: string;
  readonly options: CookieAttributes;
}

/** What the functions `headers()` and `cookies()` of Next.js return, and which cookies were set. */
function request(cookie?: string, proto = 'https') {
  const headers = new Headers({ 'x-forwarded-proto': proto, ...(cookie !== undefined && { cookie }) });
  const sets: Set[] = [];
  const cookies: CookieStore = { set: (name, value, options) => sets.push({ name, value, options }) };
  return { headers, cookies, sets };
}

const withSession = (options: Partial<Pick<SessionsOptions, 'cookie' | 'cookieOnException'>> = {}) =>
  sessions({ client, trustProxy: true, ...options });

/** The cookie of a session that has a note. */
async function visitor(): Promise<{ token: string; cookie: string }> {
  const session = client.create();
  session.set('note', 'old');
  await session.save();
  return { token: session.token!, cookie: `__Host-session_sidecar=${session.token!}` };
}

/** As `redirect()` of Next.js throws it. */
const redirect = Object.assign(new Error('NEXT_REDIRECT'), { digest: 'NEXT_REDIRECT;push;/done;303;' });

describe('A server action', () => {
  test('that writes sets the cookie, and the next one reads it back', async () => {
    const first = request();
    const written = await withSession()(first, async (session) => {
      (await session()).set('note', 'new');
      return 'written';
    });
    const [{ name, value, options }] = first.sets as [Set];
    expect([written, first.sets.length, name]).toEqual(['written', 1, '__Host-session_sidecar']);
    expect(options).toEqual({ path: '/', httpOnly: true, secure: true, sameSite: 'lax' });
    const second = request(`${name}=${value}`);
    expect(await withSession()(second, async (session) => (await session()).get('note'))).toBe('new');
    expect(second.sets).toEqual([]);
  });

  test('sets the cookie with all its attributes', async () => {
    const { headers, cookies, sets } = request(undefined, 'http');
    const cookie = { name: 'own', maxAge: 60, domain: 'shop.example', path: '/shop', priority: 'high' } as const;
    await withSession({ cookie })({ headers, cookies }, async (session) => (await session()).set('note', 'new'));
    const options = { path: '/shop', httpOnly: true, sameSite: 'lax', maxAge: 60, domain: 'shop.example' };
    expect(sets).toEqual([{ name: 'own', value: expect.any(String), options: { ...options, priority: 'high' } }]);
  });

  test('that does not load the session costs no call', async () => {
    const { cookie } = await visitor();
    const before = await countRpcs(sidecar);
    const { sets, ...own } = request(cookie);
    expect(await withSession()(own, () => 'done')).toBe('done');
    expect(sets).toEqual([]);
    expect(await countRpcs(sidecar)).toEqual(before);
  });

  test('that redirects saves, sets the cookie, and redirects', async () => {
    const { sets, ...own } = request();
    const action = withSession()(own, async (session) => {
      (await session()).set('note', 'new');
      throw redirect;
    });
    await expect(action).rejects.toBe(redirect);
    expect(await storedData(client, sets[0]?.value)).toEqual({ note: 'new' });
  });

  test('that fails gives the visitor the token that it has replaced', async () => {
    const { token, cookie } = await visitor();
    const { sets, ...own } = request(cookie);
    const error = new Error('made up');
    const action = withSession()(own, async (session) => {
      await (await session()).regenerate();
      throw error;
    });
    await expect(action).rejects.toBe(error);
    expect([await storedData(client, token), await storedData(client, sets[0]?.value)]).toEqual([
      undefined,
      { note: 'old' },
    ]);
  });

  test('that fails leaves no new session, if so configured', async () => {
    const { sets, ...own } = request();
    let token: string | undefined;
    const action = withSession({ cookieOnException: false })(own, async (session) => {
      await (await session()).csrfToken();
      ({ token } = await session());
      throw new Error('made up');
    });
    await expect(action).rejects.toThrow('made up');
    expect(token).toBeDefined();
    expect([sets, await storedData(client, token)]).toEqual([[], undefined]);
  });

  test('whose session cannot be saved fails, even if it redirects', async () => {
    for (const end of [() => 'done', () => Promise.reject(redirect)]) {
      const { cookie } = await visitor();
      const { sets, ...own } = request(cookie);
      const action = withSession()(own, async (session) => {
        (await session()).set('note', 'too large '.repeat(1000));
        return end();
      });
      await expect(action).rejects.toMatchObject({ code: 'SESSION_TOO_LARGE' });
      expect(sets).toEqual([]);
    }
  });

  test('that ends the session deletes the cookie', async () => {
    const { cookie } = await visitor();
    const { sets, ...own } = request(cookie);
    await withSession()(own, async (session) => (await session()).invalidate());
    expect(sets).toEqual([
      { name: '__Host-session_sidecar', value: '', options: expect.objectContaining({ maxAge: 0, path: '/' }) },
    ]);
  });
});

test('A server component reads the session, and saves nothing', async () => {
  const { token, cookie } = await visitor();
  const { headers } = request(cookie);
  const note = await withSession({ cookie: { maxAge: 60, rolling: true } })({ headers }, async (session) => {
    const before = (await session()).get('note');
    (await session()).set('note', 'new');
    return before;
  });
  expect([note, await storedData(client, token)]).toEqual(['old', { note: 'old' }]);
});
