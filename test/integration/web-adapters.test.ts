import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import { Browser } from '../support/browser';
import { nestFrameworks } from '../support/nest-frameworks';
import { until } from '../support/poll';
import { countRpcs } from '../support/sidecar';
import { frameworks, http2Frameworks } from '../support/web-frameworks';
import type { WebApp, WebOptions } from '../support/web-frameworks';
import { count, effectOf, WebStack } from '../support/web-stack';

const stack = new WebStack();

describe.each([...frameworks, ...nestFrameworks, ...http2Frameworks])('$name', (framework) => {
  const { isLazy } = framework;
  const serve = (app: WebApp, options?: Partial<WebOptions>) => stack.serve(framework, app, options);

  describe('a request', () => {
    test('that does not use the session changes nothing in the response, and costs no call', async () => {
      const url = await serve(() => Promise.resolve({ body: 'text' }));
      for (const browser of [new Browser(url), await stack.visitor(url)]) {
        const before = await countRpcs(stack.sidecar);
        const hasCookie = (await browser.cookie()) !== undefined;
        const response = await browser.fetch('/');
        const { headers } = response;
        expect([await response.text(), headers.get('Vary'), effectOf(response)]).toEqual(['text', null, 'none']);
        const calls = ((await countRpcs(stack.sidecar))['GetSession'] ?? 0) - (before['GetSession'] ?? 0);
        expect(calls).toBe(hasCookie && !isLazy ? 1 : 0);
      }
    });

    test('that only reads sets no cookie', async () => {
      const url = await serve(async ({ session }) => ({ body: String((await session()).size) }));
      const response = await fetch(url);
      expect([await response.text(), response.headers.get('Vary'), effectOf(response)]).toEqual([
        '0',
        'Cookie',
        'none',
      ]);
    });

    test('that writes sets the cookie, and the next one reads it back', async () => {
      const browser = new Browser(await serve(count));
      const first = await browser.fetch('/');
      expect([await first.text(), effectOf(first)]).toEqual(['1', 'set']);
      const second = await browser.fetch('/');
      expect([await second.text(), effectOf(second)]).toEqual(['2', 'none']);
      expect(await stack.stored(await browser.cookie())).toEqual({ visits: 2 });
    });

    test('that came by https gets a cookie that no other host can set', async () => {
      const url = await serve(count);
      const { headers } = await fetch(url, { headers: { 'X-Forwarded-Proto': 'https' } });
      expect(headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-session_sidecar=.*; Secure/)]);
    });

    test('that sets cookies of its own keeps them, and no shared cache may keep the response', async () => {
      const url = await serve(async (page) => ({
        ...(await count(page)),
        headers: { 'Set-Cookie': 'theme=dark', 'Cache-Control': 'public, max-age=60' },
      }));
      const { headers } = await fetch(url);
      expect(headers.getSetCookie().map((cookie) => cookie.split('=')[0])).toEqual(['theme', 'session_sidecar']);
      expect(headers.get('Cache-Control')).toBe('private, max-age=60');
    });

    test('that follows a redirect finds the session as it was left, and a flash message once', async () => {
      const browser = new Browser(
        await serve(async ({ path, session }) => {
          if (path === '/save') {
            (await session()).flash('Saved');
            return { status: 303, headers: { Location: '/' } };
          }
          return { body: JSON.stringify(await (await session()).popFlash()) };
        }),
      );
      expect(await browser.text('/save')).toBe('["Saved"]');
      expect(await browser.text('/')).toBe('[]');
    });

    test('that regenerates the token gives it to the browser, and the old one is dead', async () => {
      const url = await serve(async ({ session }) => {
        await (await session()).regenerate();
        return {};
      });
      const browser = await stack.visitor(url);
      const before = await browser.cookie();
      expect(effectOf(await browser.fetch('/'))).toBe('set');
      expect([await stack.stored(before), await stack.stored(await browser.cookie())]).toEqual([
        undefined,
        { note: 'old' },
      ]);
    });

    test('that ends the session deletes the cookie', async () => {
      const url = await serve(async ({ session }) => {
        await (await session()).invalidate();
        return {};
      });
      const browser = await stack.visitor(url);
      const before = await browser.cookie();
      expect(effectOf(await browser.fetch('/'))).toBe('delete');
      expect([await browser.cookie(), await stack.stored(before)]).toEqual([undefined, undefined]);
    });

    test('of the method HEAD, and one that is answered with 304, save like others', async () => {
      const url = await serve(async (page) => {
        const answer = await count(page);
        return page.path === '/cached' ? { status: 304, headers: { ETag: '"1"' } } : answer;
      });
      for (const [path, method, status] of [
        ['/', 'HEAD', 200],
        ['/cached', 'GET', 304],
      ] as const) {
        const browser = new Browser(url);
        const response = await browser.fetch(path, { method });
        expect([response.status, await response.text(), effectOf(response)]).toEqual([status, '', 'set']);
        expect(await stack.stored(await browser.cookie())).toEqual({ visits: 1 });
      }
    });

    test('that is answered by a stream saves before the headers are sent', async () => {
      let goOn = () => {};
      async function* pieces() {
        yield 'first ';
        await new Promise<void>((resolve) => (goOn = resolve));
        yield 'second';
      }
      const url = await serve(async ({ session }) => {
        (await session()).set('note', 'new');
        return { body: pieces() };
      });
      const browser = new Browser(url);
      const response = await browser.fetch('/');
      expect(await stack.stored(await browser.cookie())).toEqual({ note: 'new' });
      goOn();
      expect(await response.text()).toBe('first second');
    });
  });

  describe('a failure', () => {
    test('of the application leaves the cookie alone, and other requests are served', async () => {
      const url = await serve(async (page) => {
        if (page.path === '/') throw new Error('made up');
        return count(page);
      });
      const browser = await stack.visitor(url);
      const response = await browser.fetch('/');
      expect([response.status, effectOf(response)]).toEqual([500, 'none']);
      expect(await browser.text('/count')).toBe('1');
    });

    test('after which a new visitor gets no session leaves none stored', async () => {
      let token: string | undefined;
      const url = await serve(
        async ({ session }) => {
          await (await session()).csrfToken();
          ({ token } = await session());
          throw new Error('made up');
        },
        { cookieOnException: false },
      );
      const response = await fetch(url);
      expect([response.status, effectOf(response)]).toEqual([500, 'none']);
      expect(token).toBeDefined();
      expect(await stack.stored(token)).toBeUndefined();
    });

    test('to save a session that has ended replaces the response, with its headers', async () => {
      const url = await serve(async ({ session }) => {
        const own = await session();
        await (await stack.client.open(own.token)).invalidate();
        own.set('note', 'late');
        return { status: 303, body: 'secret', headers: { Location: '/', ETag: '"1"', 'Cache-Control': 'max-age=60' } };
      });
      const browser = await stack.visitor(url);
      const response = await browser.fetch('/', { redirect: 'manual' });
      expect([response.status, effectOf(response)]).toEqual([409, 'none']);
      expect(await response.text()).not.toContain('secret');
      const { headers } = response;
      expect([headers.get('Location'), headers.get('Cache-Control')]).toEqual([null, null]);
      // Some frameworks make one for the error's response.
      expect(headers.get('ETag')).not.toBe('"1"');
    });

    test('to save a session that is too large does not withhold the token of an earlier regenerate()', async () => {
      const url = await serve(async ({ session }) => {
        const own = await session();
        await own.regenerate();
        own.set('note', 'too large '.repeat(1000));
        return {};
      });
      const browser = await stack.visitor(url);
      const response = await browser.fetch('/');
      expect([response.status, effectOf(response)]).toEqual([413, 'set']);
      expect(await stack.stored(await browser.cookie())).toEqual({ note: 'old' });
    });

    test('of a call that the application does not handle has the status of its error', async () => {
      const url = await serve(async ({ session }) => {
        const own = await session();
        await (await stack.client.open(own.token)).invalidate();
        await own.regenerate();
        return {};
      });
      expect((await (await stack.visitor(url)).fetch('/')).status).toBe(409);
    });

    test('in the middle of a stream cuts it off, and other requests are served', async () => {
      let fail = () => {};
      async function* pieces() {
        yield 'begun';
        await new Promise<void>((resolve) => (fail = resolve));
        throw new Error('made up');
      }
      const url = await serve(async (page) => {
        const answer = await count(page);
        return page.path === '/' ? { body: pieces() } : answer;
      });
      const response = await new Browser(url).fetch('/');
      fail();
      if (framework.hidesBrokenStreams) expect(await response.text()).toBe('begun');
      else await expect(response.text()).rejects.toThrow('terminated');
      expect(await new Browser(url).text('/count')).toBe('1');
    });
  });

  test('A visitor who leaves gets the session saved, and other requests are served', async () => {
    let isRunning = false;
    let goOn = () => {};
    const url = await serve(async (page) => {
      if (page.path === '/count') return count(page);
      (await page.session()).set('note', 'new');
      isRunning = true;
      await new Promise<void>((resolve) => (goOn = resolve));
      return { body: 'text' };
    });
    const browser = await stack.visitor(url);
    const giveUp = new AbortController();
    const response = browser.fetch('/', { signal: giveUp.signal });
    await until('the request to arrive', () => isRunning);
    giveUp.abort();
    await expect(response).rejects.toThrow('aborted');
    goOn();
    const token = await browser.cookie();
    await until('the session to be saved', async () => (await stack.stored(token))?.note === 'new');
    expect(await new Browser(url).text('/count')).toBe('1');
  });

  test('Requests of several visitors on one connection do not share a session', async () => {
    const url = await serve(count);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    stack.forEachTest.defer(() => agent.destroy());
    const sockets = new Set<unknown>();
    const visit = async (cookie?: string): Promise<[body: string, cookie: string | undefined]> => {
      const sent = request(url, { agent, headers: cookie === undefined ? {} : { cookie } }).end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      sockets.add(sent.socket);
      return [await text(response), response.headers['set-cookie']?.[0]?.split(';')[0]];
    };
    const [one, own] = await visit();
    const [other, others] = await visit();
    expect([one, other]).toEqual(['1', '1']);
    expect(own).not.toBe(others);
    expect([(await visit(own))[0], (await visit(own))[0], (await visit(others))[0], (await visit())[0]]).toEqual([
      ...['2', '3', '2', '1'],
    ]);
    expect(sockets.size).toBe(1);
  });

  test('50 parallel requests with one cookie all count', async () => {
    const url = await serve(async ({ session }) => {
      const visits = await (await session()).transform('visits', (before = 0) => before + 1);
      return { body: String(visits) };
    });
    const browser = await stack.visitor(url);
    const many = Array.from({ length: 50 }, (_, index) => index + 1);
    const counts = await Promise.all(many.map(async () => Number(await browser.text('/'))));
    expect(counts.sort((one, other) => one - other)).toEqual(many);
  });
});
