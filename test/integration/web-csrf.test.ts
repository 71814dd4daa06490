import { request as nodeRequest } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import { csrfToken } from '@session-sidecar/client/express';
import type { Browser } from '../support/browser';
import { nestFrameworks } from '../support/nest-frameworks';
import { countRpcs } from '../support/sidecar';
import { frameworks, http2Frameworks } from '../support/web-frameworks';
import type { WebApp } from '../support/web-frameworks';
import { effectOf, WebStack } from '../support/web-stack';

const stack = new WebStack();

/** A form, and what it changes. */
const app: WebApp = async ({ path, session }) => {
  const own = await session();
  if (path === '/raw') return { body: await own.csrfToken() };
  if (path === '/form') return { body: await csrfToken(own) };
  own.set('note', 'changed');
  return { body: 'changed' };
};

describe.each([...frameworks, ...nestFrameworks, ...http2Frameworks])(
  '$name, protected against forged requests',
  (framework) => {
    async function visit(trustedOrigins: readonly string[] = []): Promise<{ url: string; browser: Browser }> {
      const url = await stack.serve(framework, app, { csrf: { trustedOrigins } });
      return { url, browser: await stack.visitor(url) };
    }

    const noteOf = async (browser: Browser) => (await stack.stored(await browser.cookie()))?.note;

    /** By node:http, because fetch() sets headers of its own that say where a request comes from. */
    async function send(
      url: string,
      browser: Browser,
      headers: RequestOptions['headers'],
      body = '',
    ): Promise<{ status: number | undefined; body: string }> {
      const cookie = `session_sidecar=${(await browser.cookie()) ?? ''}`;
      const form = { 'Content-Type': 'application/x-www-form-urlencoded', Cookie: cookie };
      const sent = nodeRequest(`${url}/change`, { method: 'POST', headers: { ...form, ...headers } }).end(body);
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      return { status: response.statusCode, body: await text(response) };
    }

    test.each(['/form', '/raw'])('a form with the token of %s is accepted', async (page) => {
      const { browser } = await visit();
      const response = await browser.post('/change', { csrf_token: await browser.text(page) });
      expect([response.status, await response.text(), effectOf(response)]).toEqual([200, 'changed', 'none']);
      expect(await noteOf(browser)).toBe('changed');
    });

    test('a script with the token in a header is accepted, whatever the form says', async () => {
      const { browser } = await visit();
      const headers = { 'X-CSRF-Token': await browser.text('/form') };
      expect((await browser.fetch('/change', { method: 'DELETE', headers })).status).toBe(200);
      expect((await browser.post('/change', { csrf_token: 'wrong' }, { headers })).status).toBe(200);
    });

    test('each page has another token, and all of them are accepted', async () => {
      const { browser } = await visit();
      const tokens = [await browser.text('/form'), await browser.text('/form'), await browser.text('/form')];
      expect(new Set(tokens).size).toBe(3);
      for (const token of tokens) expect((await browser.post('/change', { csrf_token: token })).status).toBe(200);
    });

    test.each<[string, (browser: Browser, token: string) => Promise<Response>]>([
      ['no token', (browser) => browser.post('/change')],
      ['an empty one', (browser) => browser.post('/change', { csrf_token: '' })],
      ['a wrong one', (browser, token) => browser.post('/change', { csrf_token: `${token}AAAA` })],
      [
        'a wrong one in the header, though the field is right',
        (browser, token) => browser.post('/change', { csrf_token: token }, { headers: { 'X-CSRF-Token': 'wrong' } }),
      ],
      ['the right one in the query string', (browser, token) => browser.post(`/change?csrf_token=${token}`)],
      ['none, whatever the method', (browser) => browser.fetch('/change', { method: 'DELETE' })],
    ])('a request with %s is rejected, and changes nothing', async (_, request) => {
      const { browser } = await visit();
      const response = await request(browser, await browser.text('/form'));
      expect([response.status, effectOf(response)]).toEqual([403, 'none']);
      expect(await noteOf(browser)).toBe('old');
    });

    test('the token of another visitor is rejected', async () => {
      const { url, browser } = await visit();
      const other = await stack.visitor(url);
      expect((await browser.post('/change', { csrf_token: await other.text('/form') })).status).toBe(403);
    });

    test('a visitor without a session is rejected, and gets none', async () => {
      const { url, browser } = await visit();
      const token = await browser.text('/form');
      const response = await fetch(`${url}/change`, { method: 'POST', headers: { 'X-CSRF-Token': token } });
      expect([response.status, effectOf(response)]).toEqual([403, 'none']);
    });

    test('methods that change nothing need no token', async () => {
      const { browser } = await visit();
      for (const method of ['GET', 'HEAD']) expect((await browser.fetch('/change', { method })).status).toBe(200);
    });

    test.each<[string, (url: string) => Record<string, string>]>([
      ['of the same origin', () => ({ 'Sec-Fetch-Site': 'same-origin', Origin: 'null' })],
      ['of the same host', (url) => ({ Origin: url })],
      ['of a trusted origin', () => ({ 'Sec-Fetch-Site': 'same-site', Origin: 'https://trusted.example' })],
      ['that no header tells', () => ({})],
    ])('a page %s is accepted with the token', async (_, headersOf) => {
      const { url, browser } = await visit(['https://trusted.example']);
      const token = await browser.text('/form');
      expect((await send(url, browser, headersOf(url), `csrf_token=${token}`)).status).toBe(200);
      expect((await send(url, browser, headersOf(url))).status).toBe(403);
    });

    test.each<[string, Record<string, string>]>([
      ['of another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://trusted.example.evil.example' }],
      ['of another host of the same site', { 'Sec-Fetch-Site': 'same-site', Origin: 'https://evil.trusted.example' }],
      ['of another host, by an old browser', { Origin: 'http://evil.example' }],
      ['of another host, by a very old browser', { Referer: 'http://evil.example/page' }],
      ['without an origin', { Origin: 'null' }],
    ])('a page %s is rejected even with the token, and costs no call', async (_, headers) => {
      const { url, browser } = await visit(['https://trusted.example']);
      const token = await browser.text('/form');
      const before = await countRpcs(stack.sidecar);
      expect((await send(url, browser, headers, `csrf_token=${token}`)).status).toBe(403);
      const opened = ((await countRpcs(stack.sidecar))['GetSession'] ?? 0) - (before['GetSession'] ?? 0);
      expect(opened).toBe(framework.isLazy ? 0 : 1);
      expect(await noteOf(browser)).toBe('old');
    });

    test('the check costs no call beside those that the application makes', async () => {
      const { browser } = await visit();
      const token = await browser.text('/form');
      const before = await countRpcs(stack.sidecar);
      expect((await browser.post('/change', { csrf_token: token })).status).toBe(200);
      const after = await countRpcs(stack.sidecar);
      const made = Object.entries(after).filter(([rpc, count]) => count !== before[rpc]);
      expect(made.map(([rpc, count]) => [rpc, count - (before[rpc] ?? 0)])).toEqual([
        ['GetSession', 1],
        ['UpdateSession', 1],
      ]);
    });

    test('the response says what is wrong', async () => {
      const { url, browser } = await visit();
      const foreign = await send(url, browser, { Origin: 'http://evil.example' });
      const without = await send(url, browser, {});
      const wrong = await send(url, browser, { 'X-CSRF-Token': 'wrong' });
      expect([foreign.body, without.body, wrong.body]).toEqual([
        expect.stringContaining('page of another origin'),
        expect.stringContaining('has no CSRF token'),
        expect.stringContaining('is not that of the session'),
      ]);
    });
  },
);
