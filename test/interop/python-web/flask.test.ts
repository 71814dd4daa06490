import { once } from 'node:events';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from '@jest/globals';
import { countRpcs } from '../../support/sidecar';
import { effectOf } from '../../support/web-stack';
import { pythonTest, PythonServers } from './fixture';

/* What Flask's users know of flask.session. */

const python = new PythonServers('flask');

pythonTest('flash() and get_flashed_messages() show each message once, in order, with its category', async () => {
  const browser = python.browser('flask');
  const page = await browser.fetch('/flash');
  expect(await page.json()).toEqual([
    ['message', 'Saved'],
    ['warning', 'Careful'],
  ]);
  expect(await (await browser.fetch('/messages')).json()).toEqual([]);
});

pythonTest('two requests at once never show the same message', async () => {
  const browser = python.browser('flask');
  await browser.fetch('/flash', { redirect: 'manual' });
  const pages = await Promise.all(Array.from({ length: 8 }, () => browser.fetch('/messages')));
  const shown = (await Promise.all(pages.map((page) => page.json()))) as unknown[][];
  expect(shown.flat()).toHaveLength(2);
});

pythonTest('messages of other languages are shown, and theirs are of other languages', async () => {
  const browser = await python.visitor('flask');
  const session = await python.client.open(await browser.cookie());
  session.flash('From TypeScript');
  await session.save();
  expect(await (await browser.fetch('/messages')).json()).toEqual([['message', 'From TypeScript']]);
  await browser.fetch('/flash', { redirect: 'manual' });
  const next = await python.client.open(await browser.cookie());
  expect(await next.popFlash()).toEqual(['Saved', ['warning', 'Careful']]);
});

pythonTest('flash() to a visitor with messages keeps them, and clear() takes them away', async () => {
  const browser = python.browser('flask');
  await browser.fetch('/flash', { redirect: 'manual' });
  await browser.fetch('/flash', { redirect: 'manual' });
  expect(await (await browser.fetch('/messages')).json()).toHaveLength(4);
  await browser.fetch('/flash', { redirect: 'manual' });
  await browser.fetch('/clear');
  expect(await (await browser.fetch('/messages')).json()).toEqual([]);
});

pythonTest('clear() before a login ends the session that an attacker may know, and starts another', async () => {
  const browser = await python.visitor('flask');
  const before = (await browser.cookie())!;
  const response = await browser.fetch('/clear');
  expect([await response.json(), effectOf(response)]).toEqual([{ user: 'Bob' }, 'set']);
  expect((await python.client.open(before)).origin).toBe('not_found');
  expect(await python.stored(browser)).toEqual({ user: 'Bob' });
});

pythonTest('changes inside a value are saved, with or without `modified`', async () => {
  const browser = python.browser('flask');
  await browser.fetch('/modified');
  expect(await (await browser.fetch('/modified')).json()).toEqual({ list: ['nested', 'nested'] });
});

pythonTest('`permanent` stores nothing for a visitor who only looks', async () => {
  const response = await python.browser('flask').fetch('/permanent');
  expect([await response.text(), effectOf(response)]).toEqual(['True', 'none']);
});

pythonTest(
  '`permanent` makes the session live as long as its cookie, and costs no call once it is stored',
  async () => {
    const browser = python.browser('flask');
    await browser.fetch('/remember/yes');
    const session = await python.client.open(await browser.cookie());
    expect(Number(session.expires) - Date.now()).toBeGreaterThan(29 * 24 * 3600 * 1000);
    const before = await countRpcs(python.sidecar);
    await browser.fetch('/permanent');
    const after = await countRpcs(python.sidecar);
    expect(after).toEqual({ ...before, GetSession: before['GetSession']! + 1 });
  },
);

pythonTest('functions of after_request see the response of a failed save', async () => {
  const browser = await python.visitor('flask');
  const response = await browser.fetch('/ended', { redirect: 'manual' });
  expect([response.status, response.headers.get('X-Marked')]).toEqual([409, 'yes']);
});

pythonTest.each([
  ['renews the cookie of a permanent session for a page', '/remember/yes', '/read', 'navigate', /; Max-Age=2592000;/],
  ['renews no cookie for what a script fetches', '/remember/yes', '/read', 'cors', /^$/],
  ['renews no cookie that is gone when the browser is closed', '/remember/no', '/read', 'navigate', /^$/],
  ['brings back no token that another request has replaced', '/remember/yes', '/overtaken', 'navigate', /^$/],
])('SESSION_REFRESH_EACH_REQUEST %s', async (_what, choice, page, mode, expected) => {
  const browser = python.browser('flask', 'refresh');
  await browser.fetch(choice);
  // fetch() does not let a header be set that browsers set themselves.
  const headers = { Cookie: `session_sidecar=${await browser.cookie()}`, 'Sec-Fetch-Mode': mode };
  const request = get(python.url('flask', 'refresh') + page, { headers });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect(await text(response)).toContain('visits');
  expect(response.headers['set-cookie']?.[0] ?? '').toMatch(expected);
});
