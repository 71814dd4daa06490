import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import type { SessionClient, SessionError } from '@session-sidecar/client';
import { sessions as fastifySessions } from '@session-sidecar/client/fastify';
import { sessions as fetchSessions } from '@session-sidecar/client/fetch';
import { sessions as honoSessions } from '@session-sidecar/client/hono';
import { sessions as koaSessions } from '@session-sidecar/client/koa';
import { sessions as nodeSessions } from '@session-sidecar/client/node';
import { Browser } from '../support/browser';
import { connect } from '../support/client';
import { stackForAllTests, stackForEachTest } from '../support/stack';
import { browserWithSession } from '../support/visitors';
import type { Visits } from '../support/web-frameworks';

/* What only one framework has; what all have is in web-adapters.test.ts. */

const shared = stackForAllTests();
const stack = stackForEachTest();
let client: SessionClient<Visits>;

beforeAll(async () => {
  client = shared.use(connect<Visits>(await shared.sidecar({ settings: { MAX_SESSION_SIZE: '1KiB' } })));
});

const refused = { cookie: { sameSite: 'none', secure: false } } as const;

describe('Fastify', () => {
  const serve = async (app: FastifyInstance): Promise<string> => {
    await app.ready();
    return stack.serve((req, res) => app.routing(req, res));
  };

  test('has sessions in the scope that registers the plugin, and in those inside, but not outside', async () => {
    const app = stack.use(fastify());
    app.get('/outside', (request) => ({ hasSession: 'session' in request }));
    await app.register(async (scope) => {
      await scope.register(fastifySessions, { client });
      scope.get('/registered', async (request) => ({ size: (await request.session()).size }));
      await scope.register((inner, _options, done) => {
        inner.get('/inside', async (request) => ({ size: (await request.session()).size }));
        done();
      });
    });
    const url = await serve(app);
    const answers = ['/outside', '/registered', '/inside'].map(async (path) => (await fetch(url + path)).json());
    expect(await Promise.all(answers)).toEqual([{ hasSession: false }, { size: 0 }, { size: 0 }]);
  });

  test('does not start with options that browsers refuse, nor with two plugins in one scope', async () => {
    const one = stack.use(fastify());
    void one.register(fastifySessions, { client, ...refused });
    await expect(one.ready()).rejects.toThrow(TypeError);
    const two = stack.use(fastify());
    void two.register(fastifySessions, { client });
    void two.register(fastifySessions, { client });
    await expect(two.ready()).rejects.toThrow("'session'");
  });

  test('hands a session that cannot be saved to the error handler, which can read it', async () => {
    const app = stack.use(fastify());
    await app.register(fastifySessions, { client });
    app.setErrorHandler(async (error: SessionError, request, reply) => {
      const session = await request.session();
      const { size } = session;
      // Too late: a session whose save has failed is not saved for the error's reply.
      session.set('note', 'small');
      return reply.code(error.status).send({ failed: true, size });
    });
    app.get('/', async (request) => {
      (await request.session()).set('note', 'too large '.repeat(1000));
      return {};
    });
    const response = await fetch(await serve(app));
    expect([response.status, await response.json()]).toEqual([413, { failed: true, size: 1 }]);
    expect(response.headers.getSetCookie()).toEqual([]);
  });

  test('keeps the message of a SessionError out of its own replies, but not out of those of the application', async () => {
    const app = stack.use(fastify());
    const unreachable = stack.use(connect<Visits>({ address: 'localhost:1' }, { timeoutMs: 2000 }));
    await app.register(fastifySessions, { client: unreachable });
    app.get('/', async (request) => (await request.session()).get('note'));
    await app.register((scope, _options, done) => {
      scope.setErrorHandler((error: Error, _request, reply) => reply.send({ message: error.message }));
      scope.get('/own', async (request) => (await request.session()).get('note'));
      done();
    });
    const browser = await browserWithSession(client.create(), await serve(app));
    const [response, own] = [await browser.fetch('/'), await browser.text('/own')];
    const failure = { statusCode: 503, code: 'UNAVAILABLE', error: 'Service Unavailable' };
    expect([response.status, await response.json()]).toEqual([503, { ...failure, message: failure.error }]);
    expect(own).toContain('localhost:1');
  });

  test('leaves a reply alone that the application has hijacked', async () => {
    const app = stack.use(fastify());
    await app.register(fastifySessions, { client });
    app.get('/', async (request, reply) => {
      (await request.session()).set('note', 'new');
      reply.hijack();
      reply.raw.end('own');
    });
    const response = await fetch(await serve(app));
    expect([await response.text(), response.headers.getSetCookie()]).toEqual(['own', []]);
  });
});

describe('Hono', () => {
  const serve = (onError: (error: Error) => Response) => {
    const app = new Hono();
    app.onError(onError);
    app.use(honoSessions({ client }));
    app.get('/', async (c) => {
      const session = await c.var.session();
      session.set('note', 'too large '.repeat(1000));
      await session.save();
      return c.text('saved');
    });
    app.get('/redirect', async (c) => {
      (await c.var.session()).set('note', 'new');
      // Its headers cannot be changed.
      return Response.redirect('http://localhost/', 303);
    });
    return app;
  };

  test('keeps the response of app.onError, unless it is 500', async () => {
    expect((await serve(() => new Response('own', { status: 418 })).request('/')).status).toBe(418);
    expect((await serve(() => new Response('own', { status: 500 })).request('/')).status).toBe(413);
  });

  test('sets cookies of responses whose headers cannot be changed', async () => {
    const response = await serve(() => new Response()).request('/redirect');
    expect([response.status, response.headers.get('Location')]).toEqual([303, 'http://localhost/']);
    expect(response.headers.getSetCookie()).toHaveLength(1);
  });
});

describe('A handler of the Fetch API', () => {
  const write = (session: () => Promise<{ set(key: 'note', value: string): void }>) =>
    session().then((own) => own.set('note', 'new'));
  const url = 'https://shop.example.com/cart?step=1';

  test('gets the arguments of the framework', async () => {
    const handle = fetchSessions({ client })((_session, request: Request, { params }: { params: { id: number } }) =>
      Response.json([request.url, params.id]),
    );
    expect(await (await handle(new Request(url), { params: { id: 7 } })).json()).toEqual([url, 7]);
  });

  test('finds the request in what Remix, React Router and SvelteKit pass', async () => {
    const load = fetchSessions({ client })(async (session, { request }: { request: Request; params: object }) => {
      await write(session);
      return new Response(request.url);
    });
    const response = await load({ request: new Request(url), params: {} });
    expect(await response.text()).toBe(url);
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-session_sidecar=/)]);
  });

  test('may throw a response, which is completed and thrown on', async () => {
    const load = fetchSessions({ client })(async (session, _request: Request) => {
      await write(session);
      throw new Response(null, { status: 302, headers: { Location: '/' } });
    });
    const thrown = await load(new Request(url)).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(Response);
    expect((thrown as Response).headers.get('Location')).toBe('/');
    expect((thrown as Response).headers.getSetCookie()).toHaveLength(1);
  });

  test('may throw anything else, which is thrown on, and nothing stays stored', async () => {
    const error = new Error('made up');
    let token: string | undefined;
    const load = fetchSessions({ client })(async (session, _request: Request) => {
      await (await session()).csrfToken();
      ({ token } = await session());
      throw error;
    });
    await expect(load(new Request(url))).rejects.toBe(error);
    expect((await client.open(token)).origin).toBe('not_found');
  });

  test('passes on what cannot be copied', async () => {
    const failed = Response.error();
    expect(await fetchSessions({ client })(() => failed)(new Request(url))).toBe(failed);
  });
});

test('Koa refuses a second middleware that sets ctx.session', async () => {
  const app = new Koa();
  app.silent = true;
  app.use(koaSessions({ client })).use(koaSessions({ client }));
  const errors: unknown[] = [];
  app.on('error', (error) => errors.push(error));
  const listener = app.callback();
  const url = await stack.serve((req, res) => void listener(req, res));
  expect((await fetch(url)).status).toBe(500);
  expect(errors).toEqual([new TypeError('Expected no other middleware to set `ctx.session`')]);
});

describe('node:http', () => {
  test('answers a listener that fails, and one that throws at once', async () => {
    const withSession = nodeSessions({ client });
    for (const listener of [
      withSession(() => Promise.reject(new Error('made up'))),
      withSession(() => {
        throw new Error('made up');
      }),
    ]) {
      const response = await fetch(await stack.serve(listener));
      expect([response.status, await response.text()]).toEqual([500, 'Internal Server Error']);
    }
  });

  test('leaves the response to onError, which finds it empty', async () => {
    const withSession = nodeSessions({
      client,
      onError: (error, _req, res) =>
        void res.writeHead(418).end(`${(error as Error).message} ${res.getHeaderNames().join()}`),
    });
    const url = await stack.serve(
      withSession(async (_req, res, session) => {
        (await session()).set('note', 'too large '.repeat(1000));
        res.setHeader('ETag', '"1"');
        res.end('secret');
      }),
    );
    const response = await fetch(url);
    expect([response.status, response.headers.get('ETag')]).toEqual([418, null]);
    expect(await response.text()).toMatch(/^SESSION_TOO_LARGE/);
  });

  test('calls onError once, although the listener notices that its response was discarded', async () => {
    const errors: unknown[] = [];
    const withSession = nodeSessions({
      client,
      onError: (error, _req, res) => {
        errors.push(error);
        setImmediate(() => res.writeHead(418).end());
      },
    });
    const url = await stack.serve(
      withSession(async (_req, res, session) => {
        (await session()).set('note', 'too large '.repeat(1000));
        await promisify((done: (error?: Error) => void) => void res.end('secret', done))();
      }),
    );
    expect((await fetch(url)).status).toBe(418);
    expect(errors).toEqual([expect.objectContaining({ code: 'SESSION_TOO_LARGE' })]);
  });

  test('does not disturb a response that was sent before its listener fails', async () => {
    const url = await stack.serve(
      nodeSessions({ client })(async (_req, res, session) => {
        (await session()).set('note', 'new');
        res.end('sent');
        throw new Error('made up');
      }),
    );
    const browser = new Browser(url);
    expect(await browser.text('/')).toBe('sent');
    expect((await client.open(await browser.cookie())).get('note')).toBe('new');
  });

  test('does not believe X-Forwarded-Proto unless the proxy is trusted', async () => {
    const url = await stack.serve(
      nodeSessions({ client })(async (_req, res, session) => {
        (await session()).set('note', 'new');
        res.end();
      }),
    );
    const sent = request(url, { headers: { 'X-Forwarded-Proto': 'https' } }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(response.headers['set-cookie']).toEqual([expect.stringMatching(/^session_sidecar=/)]);
    response.resume();
  });
});
