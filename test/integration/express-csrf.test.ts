import { describe, expect, test } from '@jest/globals';
import type express from 'express';
import { csrf } from '@session-sidecar/client/express';
import type { CsrfError } from '@session-sidecar/client/express';
import type { Browser } from '../support/browser';
import { ExpressStack, expressVersions } from '../support/express-stack';

const stack = new ExpressStack();

describe.each(expressVersions)('On %s, csrf()', (_, version) => {
  async function visit(): Promise<{ browser: Browser; token: string }> {
    const url = await stack.serve(
      (app) => {
        app.use(version.urlencoded({ extended: true }), version.json(), csrf());
        app.get('/', (req, res, next) => void req.session.csrfToken().then((token) => res.send(token), next));
        app.all('/change', (req, res) => {
          req.session.set('note', 'changed');
          res.send();
        });
        app.use(((error: CsrfError, _req, res, _next) =>
          res.status(error.status).send(error.code)) as express.ErrorRequestHandler);
      },
      {},
      version,
    );
    const browser = await stack.browserWithSession(url);
    return { browser, token: await browser.text('/') };
  }

  const json = (body: unknown) => ({ body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });

  test.each<[string, (browser: Browser, token: string) => Promise<Response>]>([
    ['the form field', (browser, token) => browser.post('/change', { csrf_token: token })],
    ['a field of a JSON body', (browser, token) => browser.post('/change', {}, json({ csrf_token: token }))],
    ['the header', (browser, token) => browser.post('/change', {}, { headers: { 'X-CSRF-Token': token } })],
    ['nothing, to a method that changes nothing', (browser) => browser.fetch('/change')],
    ['nothing, to HEAD', (browser) => browser.fetch('/change', { method: 'HEAD' })],
  ])('accepts a request with the token in %s', async (_, request) => {
    const { browser, token } = await visit();
    expect((await request(browser, token)).status).toBe(200);
    expect(await stack.stored(await browser.cookie())).toEqual({ note: 'changed' });
  });

  test.each<[string, (browser: Browser, token: string) => Promise<Response>]>([
    ['no token', (browser) => browser.post('/change')],
    ['an empty one', (browser) => browser.post('/change', { csrf_token: '' })],
    ['a wrong one', (browser, token) => browser.post('/change', { csrf_token: `${token}x` })],
    ['a list of them', (browser, token) => browser.post(`/change`, { 'csrf_token[]': token })],
    [
      'a wrong one in the header, though the field is right',
      (browser, token) => browser.post('/change', { csrf_token: token }, { headers: { 'X-CSRF-Token': 'wrong' } }),
    ],
    ['the right one in the query string', (browser, token) => browser.post(`/change?csrf_token=${token}`)],
    ['none, whatever the method', (browser) => browser.fetch('/change', { method: 'DELETE' })],
  ])('refuses a request with %s, and nothing changes', async (_, request) => {
    const { browser, token } = await visit();
    const response = await request(browser, token);
    expect([response.status, await response.text()]).toEqual([403, 'CSRF_TOKEN_INVALID']);
    expect(await stack.stored(await browser.cookie())).toEqual({ note: 'old' });
  });

  test('rejects a visitor without a session, and creates none', async () => {
    const { browser, token } = await visit();
    await stack.redis.admin.flushdb();
    expect((await browser.post('/change', { csrf_token: token })).status).toBe(403);
    expect(await stack.redis.admin.dbsize()).toBe(0);
  });

  test('fails with an explanation if sessions() is not mounted before', async () => {
    const url = await stack.serveBare((app) => app.use(csrf()), version);
    const response = await fetch(url);
    expect(response.status).toBe(500);
    expect(await response.text()).toContain('Expected `sessions()` to be mounted before `csrf()`');
  });
});
