import type { RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { beforeAll, describe, expect, test } from '@jest/globals';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import type { SessionClient } from '@session-sidecar/client';
import { sessions as expressSessions } from '@session-sidecar/client/express';
import { sessions as fastifySessions } from '@session-sidecar/client/fastify';
import { sessions as fetchSessions } from '@session-sidecar/client/fetch';
import { sessions as honoSessions } from '@session-sidecar/client/hono';
import { sessions as koaSessions } from '@session-sidecar/client/koa';
import { sessions as nodeSessions } from '@session-sidecar/client/node';
import { Browser } from '../support/browser';
import { connect } from '../support/client';
import { messageOf } from '../support/errors';
import { countRpcs } from '../support/sidecar';
import type { Sidecar } from '../support/sidecar';
import { stackForAllTests, stackForEachTest } from '../support/stack';
import { browserWithSession } from '../support/visitors';
import type { Visits } from '../support/web-frameworks';

/* What applications get that load the session themselves. */

const shared = stackForAllTests();
const stack = stackForEachTest();
let sidecar: Sidecar;
let client: SessionClient<Visits>;

beforeAll(async () => {
  sidecar = await shared.sidecar();
  client = shared.use(connect<Visits>(sidecar));
});

type Page = (loader: object, request: object) => unknown;

/** Serves what `page` makes of the function that loads the session, and of the object that has it. */
const frameworks: Readonly<Record<string, (page: Page) => RequestListener | Promise<RequestListener>>> = {
  Express: (page) =>
    express().use(expressSessions({ client, lazy: true }), (req, res) => void res.json(page(req.sessions.load, req))),
  Fastify: async (page) => {
    const app = stack.use(fastify());
    await app.register(fastifySessions, { client });
    app.get('/', (request) => page(request.session, request));
    await app.ready();
    return (req, res) => app.routing(req, res);
  },
  Koa: (page) => {
    const app = new Koa().use(koaSessions({ client })).use((ctx) => (ctx.body = page(ctx.session, ctx)));
    const listen = app.callback();
    return (req, res) => void listen(req, res);
  },
  Hono: (page) => {
    const app = new Hono().use(honoSessions({ client })).get('/', (c) => c.json(page(c.var.session, c)));
    const listen = getRequestListener(app.fetch, { overrideGlobalObjects: false });
    return (req, res) => void listen(req, res);
  },
  'node:http': (page) => nodeSessions({ client })((req, res, session) => res.end(JSON.stringify(page(session, req)))),
  Fetch: (page) => {
    const handle = fetchSessions({ client })((session, request: Request) => Response.json(page(session, request)));
    const listen = getRequestListener(handle, { overrideGlobalObjects: false });
    return (req, res) => void listen(req, res);
  },
};

describe.each(Object.entries(frameworks))('%s', (_, serve) => {
  const ask = async (page: Page): Promise<unknown> => (await fetch(await stack.serve(await serve(page)))).json();

  test('refuses to take the function that loads the session for the session', async () => {
    const said = ask((loader) => [
      messageOf(() => Object.assign(loader, { user: 'Ada' })),
      messageOf(() => (loader as Map<string, string>).get('note')),
      messageOf(() => (loader as Map<string, string>).size),
    ]);
    const [user, get, size] = ['user', 'get', 'size'].map((each) =>
      expect.stringMatching(RegExp(`\`${each}\`.*await`)),
    );
    expect(await said).toEqual([user, get, size]);
  });
});

describe('A session that is assigned, which other libraries take for a logout, is refused', () => {
  test.each(['Express', 'Fastify', 'Koa'])('in %s', async (name) => {
    const url = await stack.serve(
      await frameworks[name]!((_, request) => [messageOf(() => Object.assign(request, { session: null }))]),
    );
    expect(await (await fetch(url)).json()).toEqual([expect.stringMatching(/destroy\(\)/)]);
  });
});

describe('Lazy sessions of Express', () => {
  test('cannot be used before they are loaded', async () => {
    const app = express().use(expressSessions({ client, lazy: true }));
    app.get('/', (req, res) => void res.json([messageOf(() => req.session), messageOf(() => req.sessionID)]));
    const browser = await browserWithSession(client.create(), await stack.serve(app));
    const refused = expect.stringContaining('await `req.sessions.load()`');
    for (const visitor of [browser, new Browser(await stack.serve(app))]) {
      expect(JSON.parse(await visitor.text('/'))).toEqual([refused, refused]);
    }
  });

  test('are loaded once, by what needs them first, and are req.session afterwards', async () => {
    const app = express().use(expressSessions({ client, lazy: true }));
    app.use('/account', async (req, _res, next) => {
      await req.sessions.load();
      next();
    });
    app.get('/account', async (req, res) => {
      const [one, other] = await Promise.all([req.sessions.load<Visits>(), req.sessions.load<Visits>()]);
      const { session } = req as unknown as { session: unknown };
      res.json([one === other, one === session, req.sessions.current<Visits>().get('note')]);
    });
    const browser = await browserWithSession(client.create(), await stack.serve(app));
    const before = await countRpcs(sidecar);
    expect(JSON.parse(await browser.text('/account'))).toEqual([true, true, 'old']);
    expect(((await countRpcs(sidecar))['GetSession'] ?? 0) - (before['GetSession'] ?? 0)).toBe(1);
  });
});
