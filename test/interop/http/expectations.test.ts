import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Browser } from '../../support/browser';
import { connect } from '../../support/client';
import { until } from '../../support/poll';
import { freeAddress } from '../../support/free-port';
import type { RedisServer } from '../../support/redis';
import { countRpcs } from '../../support/sidecar';
import type { Sidecar } from '../../support/sidecar';
import { stackForAllTests } from '../../support/stack';
import { sayIfMissing } from '../../support/toolchains';
import { contractApps } from './contract-apps';
import type { ContractApp } from './contract-apps';

const stack = stackForAllTests();
let redis: RedisServer;
let sidecar: Sidecar;

beforeAll(async () => {
  redis = await stack.redis();
  sidecar = await stack.sidecar({ redis });
});

beforeEach(async () => {
  await redis.admin.flushdb();
});

for (const { name, missing } of contractApps)
  if (missing !== undefined) sayIfMissing(`the HTTP contract of ${name}`, { missing });

describe.each(contractApps)('$name', (app) => {
  const testApp = app.missing === undefined ? test : test.skip;
  let url: string;

  beforeAll(async () => {
    // A machine that is busy with other tests must not look like a sidecar that hangs.
    const environment = { SIDECAR_ADDRESS: sidecar.address, TIMEOUT_MS: '20000' };
    if (app.missing === undefined) url = await app.start(stack, environment);
  });

  const { effectOf, get, openBrowser, rejectedSignature, visitor, pathTo } = helpersFor(app, () => url);

  async function loads(work: () => Promise<unknown>): Promise<number> {
    const before = await countRpcs(sidecar);
    await work();
    return ((await countRpcs(sidecar))['GetSession'] ?? 0) - (before['GetSession'] ?? 0);
  }

  describe('a request', () => {
    testApp('that does not use its session changes nothing in the response', async () => {
      for (const browser of [openBrowser(), await visitor()]) {
        const hasCookie = (await browser.cookie()) !== undefined;
        const calls = await loads(async () => {
          const response = await browser.fetch('/plain');
          const { headers } = response;
          expect([await response.text(), headers.get('Vary'), effectOf(response)]).toEqual(['plain', null, 'none']);
        });
        expect(calls).toBe(hasCookie ? app.callsWithoutUse : 0);
      }
    });

    testApp('that only reads sets no cookie and stores nothing', async () => {
      const response = await fetch(`${url}/get?key=note`);
      expect([await response.json(), effectOf(response)]).toEqual([null, 'none']);
      expect(response.headers.get('Vary')).toMatch(/\bCookie\b/i);
      expect(await redis.admin.dbsize()).toBe(0);
    });

    testApp('that reads a stored session costs one call', async () => {
      const browser = await visitor();
      expect(await loads(() => browser.text('/get?key=note'))).toBe(1);
    });

    testApp('that writes sets the cookie, and the next one reads it back', async () => {
      const browser = openBrowser();
      const response = await browser.fetch(pathTo('set', 'new'));
      const [cookie] = response.headers.getSetCookie();
      expect(cookie).toMatch(new RegExp(`^${app.cookie}=[\\w-]{43}\\.[\\w-]{24};`));
      for (const attribute of [/; HttpOnly/i, /; SameSite=Lax/i, /; Path=\/(;|$)/i]) expect(cookie).toMatch(attribute);
      expect(cookie).not.toMatch(/; Domain=/i);
      expect(await get(browser, 'note')).toBe('new');
      expect(effectOf(await browser.fetch(pathTo('set', 'again')))).toBe(app.renewsCookie ? 'set' : 'none');
    });

    testApp('that came by https gets its cookie for https', async () => {
      const { headers } = await fetch(url + pathTo('set', 'new'), { headers: { 'X-Forwarded-Proto': 'https' } });
      expect(headers.getSetCookie()).toEqual([expect.stringMatching(app.secureCookie)]);
    });

    testApp('that sets a cookie of its own keeps it', async () => {
      const { headers } = await fetch(url + pathTo('public', 'new'));
      const names = headers.getSetCookie().map((cookie) => cookie.split('=')[0]);
      expect(names.sort()).toEqual([app.cookie, 'theme'].sort());
      expect(headers.get('Cache-Control')).toBe(app.publicResponse);
    });

    testApp('with HEAD, and one that is answered with 304, save like others', async () => {
      for (const [name, method, status] of [
        ['set', 'HEAD', 200],
        ['cached', 'GET', 304],
      ] as const) {
        const browser = openBrowser();
        const response = await browser.fetch(pathTo(name, 'new'), { method });
        expect([response.status, await response.text(), effectOf(response)]).toEqual([status, '', 'set']);
        expect(await get(browser, 'note')).toBe('new');
      }
    });

    testApp('that ends in a redirect saves, even if the redirect is raised', async () => {
      const browser = openBrowser();
      const response = await browser.fetch(pathTo('redirect', 'new'), { redirect: 'manual' });
      expect([response.status, effectOf(response)]).toEqual([303, 'set']);
      expect(await get(browser, 'note')).toBe('new');
    });

    testApp('that finds nothing saves', async () => {
      const browser = openBrowser();
      const response = await browser.fetch(pathTo('missing', 'new'));
      expect([response.status, effectOf(response)]).toEqual([404, 'set']);
      expect(await get(browser, 'note')).toBe('new');
    });

    testApp('that fails keeps the visitor signed in', async () => {
      const browser = await visitor();
      const response = await browser.fetch(pathTo('fail', 'new'));
      expect([response.status, effectOf(response)]).toEqual([500, 'none']);
      expect(await get(browser, 'note')).toBe(app.savesFailures ? 'new' : 'old');
    });

    testApp('that streams saves before the first byte, and does not wait for the last', async () => {
      const browser = openBrowser();
      const response = await browser.fetch(`${pathTo('stream', 'new')}&gate=stream`);
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      expect((await reader.read()).value).toBe('first ');
      expect(await get(browser, 'note')).toBe('new');
      await fetch(`${url}/open?gate=stream`);
      expect(await reader.read()).toEqual({ done: false, value: 'second' });
    });
  });

  testApp('A message is shown once, on the page after the redirect', async () => {
    const browser = openBrowser();
    expect(await (await browser.fetch('/flash?message=Saved')).json()).toEqual(['Saved']);
    expect(await (await browser.fetch('/messages')).json()).toEqual([]);
  });

  testApp('A login replaces the token and keeps the data', async () => {
    const browser = await visitor();
    const before = await browser.cookie();
    expect(effectOf(await browser.fetch('/login?user=Ada'))).toBe('set');
    expect([await get(browser, 'user'), await get(browser, 'note')]).toEqual(['Ada', 'old']);
    const thief = openBrowser();
    await thief.setCookie(before!, app.cookie);
    expect([await get(thief, 'user'), await get(thief, 'note')]).toEqual([null, null]);
  });

  testApp('A login can label the session, for a list of devices', async () => {
    const browser = await visitor();
    await browser.text(`/login?user=Ada&label=${encodeURIComponent('Zoë’s phone')}`);
    const { label } = await stack.use(connect(sidecar)).open(await browser.cookie());
    expect([label, await get(browser, 'note')]).toEqual(['Zoë’s phone', 'old']);
  });

  testApp('A logout deletes the cookie and the session', async () => {
    const browser = await visitor();
    const before = await browser.cookie();
    expect(effectOf(await browser.fetch('/logout'))).toBe('delete');
    expect(await redis.admin.dbsize()).toBe(0);
    await browser.setCookie(before!, app.cookie);
    expect(await get(browser, 'note')).toBeNull();
  });

  testApp('A logout during a slow request is final', async () => {
    const browser = await visitor();
    const cookie = `${app.cookie}=${await browser.cookie()}`;
    const slow = fetch(`${url}${pathTo('slow', 'late')}&gate=slow`, { headers: { cookie } });
    await until('the slow request', async () => (await (await fetch(`${url}/reached?gate=slow`)).json()) === true);
    await browser.text('/logout');
    await fetch(`${url}/open?gate=slow`);
    const response = await slow;
    expect([response.status, effectOf(response)]).toEqual([app.interrupted, 'none']);
    expect(await redis.admin.dbsize()).toBe(0);
  });

  testApp('50 requests at once, with one cookie, lose nothing', async () => {
    const cookie = `${app.cookie}=${await (await visitor()).cookie()}`;
    const numbers = Array.from({ length: 50 }, (_, number) => String(number));
    const send = (path: string) => fetch(url + path, { headers: { cookie } });
    const responses = await Promise.all(
      numbers.map((number) =>
        send(Number(number) % 2 ? `/add?key=list&value=${number}` : `/set?key=key${number}&value=${number}`),
      ),
    );
    expect(responses.map(({ status }) => status)).toEqual(Array(50).fill(200));
    const read = async (key: string): Promise<unknown> => (await send(`/get?key=${key}`)).json();
    const [odd, even] = [1, 0].map((rest) => numbers.filter((number) => Number(number) % 2 === rest));
    expect(((await read('list')) as string[]).sort()).toEqual(odd!.sort());
    expect(await Promise.all(even!.map((number) => read(`key${number}`)))).toEqual(even);
  });

  testApp('A cookie that is damaged, forged or of an ended session is that of a new visitor', async () => {
    const token = (await (await visitor()).cookie())!;
    await redis.admin.flushdb();
    for (const damaged of ['', 'x', '%', '"', 'a.b', 'x'.repeat(3000), rejectedSignature(token), token]) {
      const response = await fetch(`${url}/get?key=note`, { headers: { cookie: `${app.cookie}=${damaged}` } });
      expect([damaged, response.status, await response.json()]).toEqual([damaged, 200, null]);
      expect(effectOf(response)).toBe(app.deadCookie);
      const written = await fetch(url + pathTo('set', 'new'), { headers: { cookie: `${app.cookie}=${damaged}` } });
      expect([written.status, effectOf(written)]).toEqual([200, 'set']);
    }
  });

  testApp('A visitor whose record is damaged is not mistaken for a new one, and can log out', async () => {
    const browser = await visitor();
    const [key] = await redis.admin.keys('*');
    await redis.admin.set(key!, 'rubbish');
    for (const path of ['/get?key=note', pathTo('set', 'new'), '/messages']) {
      const response = await browser.fetch(path);
      expect([path, response.status, effectOf(response)]).toEqual([path, 500, 'none']);
    }
    expect(await redis.admin.get(key!)).toBe('rubbish');
    expect(await browser.text('/plain')).toBe('plain');
    const farewell = await browser.fetch('/logout');
    expect([farewell.status, effectOf(farewell)]).toEqual([200, 'delete']);
    expect(await redis.admin.dbsize()).toBe(0);
    expect(await get(browser, 'note')).toBeNull();
  });

  testApp('Each message is shown once, however requests overlap', async () => {
    const browser = await visitor();
    const texts = Array.from({ length: 10 }, (_, number) => `message ${number}`);
    const shown = async () => (await (await browser.fetch('/messages')).json()) as string[];
    const [lists] = await Promise.all([
      Promise.all(Array.from({ length: 6 }, shown)),
      Promise.all(
        texts.map((text) => browser.fetch(`/flash?message=${encodeURIComponent(text)}`, { redirect: 'manual' })),
      ),
    ]);
    expect([...lists.flat(), ...(await shown())].sort()).toEqual(texts);
  });

  testApp('Of two cookies of the name, the session is found', async () => {
    const valid = (await (await visitor()).cookie())!;
    for (const tokens of [
      [rejectedSignature(valid), valid],
      [valid, rejectedSignature(valid)],
    ]) {
      const cookie = tokens.map((token) => `${app.cookie}=${token}`).join('; ');
      const isFound = app.twoCookies === 'the valid one' || tokens[1] === valid;
      const response = await fetch(`${url}/get?key=note`, { headers: { cookie } });
      expect(await response.json()).toBe(isFound ? 'old' : null);
    }
  });

  testApp('Without a sidecar, what needs a session is unavailable, and the visitor stays signed in', async () => {
    const cookie = `${app.cookie}=${await (await visitor()).cookie()}`;
    const environment = { SIDECAR_ADDRESS: await freeAddress(), TIMEOUT_MS: '200' };
    const stranded = await app.start(stack, environment);
    for (const path of ['/get?key=note', pathTo('set', 'new'), '/logout', '/messages']) {
      const response = await fetch(stranded + path, { headers: { cookie } });
      const { headers } = response;
      expect([path, response.status, effectOf(response)]).toEqual([path, 503, 'none']);
      expect(headers.get('Retry-After')).toBe('1');
      expect(await response.text()).not.toContain(environment.SIDECAR_ADDRESS);
    }
    const unused = await fetch(`${stranded}/plain`, { headers: { cookie } });
    expect(unused.status).toBe(200);
    expect((await fetch(`${stranded}/get?key=note`)).status).toBe(200);
    expect((await fetch(stranded + pathTo('set', 'new'))).status).toBe(503);
  });
});

function helpersFor(app: ContractApp, urlOf: () => string) {
  /** What a response does to the session's cookie. */
  function effectOf(response: Response): string {
    const isOwn = (cookie: string): boolean => cookie.replace(/^__(Host|Secure)-/, '').startsWith(`${app.cookie}=`);
    const [cookie, ...more] = response.headers.getSetCookie().filter(isOwn);
    expect(more).toEqual([]);
    if (cookie === undefined) return 'none';
    return /^[^=]+=("")?;/.test(cookie) ? 'delete' : 'set';
  }

  const openBrowser = () => new Browser(urlOf(), app.cookie);
  const pathTo = (name: string, value: string): string => `/${name}?key=note&value=${value}`;

  return {
    effectOf,
    openBrowser,
    pathTo,
    get: async (browser: Browser, key: string): Promise<unknown> => (await browser.fetch(`/get?key=${key}`)).json(),
    /** A browser with the cookie of a stored session. */
    async visitor(): Promise<Browser> {
      const browser = openBrowser();
      await browser.text(pathTo('set', 'old'));
      return browser;
    },
    /** The token with another last letter. */
    rejectedSignature: (token: string): string => token.slice(0, -1) + (token.endsWith('A') ? 'Q' : 'A'),
  };
}
