import { describe, expect, test } from '@jest/globals';
import type { Request } from 'express';
import type { ConnectionOptions } from '@session-sidecar/client';
import { sessions } from '@session-sidecar/client/express';
import type { SessionData } from '@session-sidecar/client/express';
import { Browser } from '../support/browser';
import { connect } from '../support/client';
import { ExpressStack } from '../support/express-stack';
import { countRpcs } from '../support/sidecar';
import { stackForEachTest } from '../support/stack';

const stack = new ExpressStack();
const clients = stackForEachTest();

type Page = (session: Request['session']) => unknown;

/** What pages cost that a visitor with a session requests, in addition to loading it. Both flash queues have messages. */
const pages: readonly (readonly [what: string, page: Page, calls: Record<string, number>])[] = [
  ['reads', (session) => session.toObject(), {}],
  ['has a form', (session) => session.csrfToken(), {}],
  ['pops no messages, because none wait', (session) => session.popFlash('nothing'), {}],
  ['pops messages', (session) => session.popFlash(), { PopFlash: 1 }],
  [
    'writes, and saves by itself',
    async (session) => {
      session.set('note', 'new');
      session.flash('Saved');
      await session.save();
    },
    { UpdateSession: 1 },
  ],
  [
    'pops all messages, writes, has a form and saves, together',
    async (session) => {
      session.set('note', 'new');
      await Promise.all([session.popFlash(), session.popFlash('errors'), session.csrfToken(), session.save()]);
    },
    { UpdateSession: 1 },
  ],
  [
    'pops all messages and writes, one after the other',
    async (session) => {
      await session.popFlash();
      await session.popFlash('errors');
      session.set('note', 'new');
    },
    { PopFlash: 2, UpdateSession: 1 },
  ],
  [
    'logs in',
    async (session) => {
      session.set('note', 'user');
      session.flash('Welcome');
      await session.regenerate();
    },
    { RegenerateSession: 1 },
  ],
  ['logs out', (session) => session.invalidate(), { InvalidateSession: 1 }],
];

const kinds: readonly (readonly [string, Partial<ConnectionOptions>])[] = [
  ['by pipeline', {}],
  ['by unary calls', { transport: 'unary' }],
  ['with a cache', { cache: { maxBytes: 1 << 20 } }],
];

describe.each(kinds)('what a page costs %s', (_kind, options) => {
  async function serve(page: Page): Promise<string> {
    const client = clients.use(connect<SessionData>(stack.sidecar, options));
    return stack.serveBare((app) => {
      app.use(sessions({ client }));
      app.get('/', async (req, res) => {
        await page(req.session);
        res.send('done');
      });
    });
  }

  async function callsOf(browser: Browser): Promise<Record<string, number>> {
    const before = await countRpcs(stack.sidecar);
    expect((await browser.fetch('/')).status).toBe(200);
    const after = Object.entries(await countRpcs(stack.sidecar));
    const counted = after.map(([method, count]) => [method, count - (before[method] ?? 0)] as const);
    return Object.fromEntries(counted.filter(([, count]) => count > 0));
  }

  test.each(pages)('when it %s', async (_what, page, expected) => {
    const browser = new Browser(await serve(page));
    const session = stack.client.create();
    session.flash('one');
    session.flash('two', { queue: 'errors' });
    await session.save();
    await browser.setCookie(session.token!);
    expect(await callsOf(browser)).toEqual({ GetSession: 1, ...expected });
  });

  test('when a new visitor gets a form, and something is written', async () => {
    const browser = new Browser(
      await serve(async (session) => {
        session.set('note', 'new');
        await session.csrfToken();
      }),
    );
    expect(await callsOf(browser)).toEqual({ CreateSession: 1 });
  });
});
