import { beforeAll, describe, expect, test } from '@jest/globals';
import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import type { SessionClient } from '@session-sidecar/client';
import {
  csrf as fastifyCsrf,
  CsrfError,
  csrfToken,
  sessions as fastifySessions,
} from '@session-sidecar/client/fastify';
import { csrf as fetchCsrf, sessions as fetchSessions } from '@session-sidecar/client/fetch';
import { csrf as honoCsrf, sessions as honoSessions } from '@session-sidecar/client/hono';
import { csrf as koaCsrf, sessions as koaSessions } from '@session-sidecar/client/koa';
import { connect } from '../support/client';
import { stackForAllTests, stackForEachTest } from '../support/stack';
import type { Visits } from '../support/web-frameworks';

/* What only one framework has; what all have is in web-csrf.test.ts. */

const shared = stackForAllTests();
const stack = stackForEachTest();
let client: SessionClient<Visits>;

beforeAll(async () => {
  client = shared.use(connect<Visits>(await shared.sidecar()));
});

const post = { method: 'POST' } as const;

/** The cookie of a stored session, and its CSRF token. */
async function visitor(): Promise<{ cookie: string; token: string }> {
  const session = client.create();
  const token = await csrfToken(session);
  return { cookie: `session_sidecar=${session.token ?? ''}`, token };
}

describe('Fastify', () => {
  const serve = async (app: FastifyInstance): Promise<string> => {
    await app.ready();
    return stack.serve((req, res) => app.routing(req, res));
  };

  test('protects the scope that registers the plugin, and those inside, but not outside', async () => {
    const app = stack.use(fastify());
    await app.register(fastifySessions, { client });
    app.post('/webhook', () => 'open');
    await app.register(async (scope) => {
      await scope.register(fastifyCsrf);
      scope.post('/registered', () => 'open');
      await scope.register((inner, _options, done) => {
        inner.post('/inside', () => 'open');
        done();
      });
    });
    const url = await serve(app);
    const statuses = ['/webhook', '/registered', '/inside'].map(async (path) => (await fetch(url + path, post)).status);
    expect(await Promise.all(statuses)).toEqual([200, 403, 403]);
  });

  test('hands the error to the error handler', async () => {
    const app = stack.use(fastify());
    await app.register(fastifySessions, { client });
    await app.register(fastifyCsrf);
    const errors: unknown[] = [];
    app.setErrorHandler((error, _request, reply) => {
      errors.push(error);
      return reply.code(418).send();
    });
    app.post('/', () => 'open');
    expect((await fetch(await serve(app), post)).status).toBe(418);
    expect(errors).toEqual([expect.any(CsrfError)]);
  });

  test('does not start with origins that no browser sends, nor without sessions', async () => {
    const one = stack.use(fastify());
    void one.register(fastifySessions, { client });
    void one.register(fastifyCsrf, { trustedOrigins: ['shop.example'] });
    await expect(one.ready()).rejects.toThrow('an origin such as https://shop.example.com');
    const two = stack.use(fastify());
    void two.register(fastifyCsrf);
    await expect(two.ready()).rejects.toThrow('Expected the plugin `sessions` to be registered before `csrf`');
  });
});

describe('Hono', () => {
  test.each<[string, (token: string) => FormData | URLSearchParams]>([
    ['multipart/form-data', (token) => formOf(token)],
    ['application/x-www-form-urlencoded', (token) => new URLSearchParams({ csrf_token: token, note: 'new' })],
  ])('parses a form of %s, and leaves it to the handler, too', async (_, bodyOf) => {
    const app = new Hono();
    app.use(honoSessions({ client }), honoCsrf());
    app.post('/', async (c) => c.json({ note: (await c.req.parseBody())['note'] }));
    const { cookie, token } = await visitor();
    const response = await app.request('/', { ...post, headers: { cookie }, body: bodyOf(token) });
    expect([response.status, await response.json()]).toEqual([200, { note: 'new' }]);
  });

  test('leaves the response to app.onError, unless it is 500', async () => {
    for (const [status, expected] of [
      [418, 418],
      [500, 403],
    ] as const) {
      const app = new Hono();
      app.onError((error) => new Response(error.message, { status }));
      app.use(honoSessions({ client }), honoCsrf());
      const response = await app.request('/', post);
      expect([response.status, await response.text()]).toEqual([expected, expect.stringMatching(/has no CSRF token/)]);
    }
  });

  test('says that sessions() is missing', async () => {
    const app = new Hono();
    app.onError((error) => new Response(error.message, { status: 500 }));
    app.use(honoCsrf());
    const response = await app.request('/', post);
    expect(await response.text()).toBe('Expected `sessions()` to be mounted before `csrf()`');
  });
});

describe('Koa', () => {
  test('compares Origin with the host that a trusted proxy reports', async () => {
    const headers = { Origin: 'https://shop.example', 'X-Forwarded-Host': 'shop.example', 'X-CSRF-Token': 'wrong' };
    for (const [proxy, text] of [
      [true, /not that of the session/],
      [false, /page of another origin/],
    ] as const) {
      const app = new Koa({ proxy });
      app.silent = true;
      app.use(koaSessions({ client })).use(koaCsrf());
      const listener = app.callback();
      const url = await stack.serve((req, res) => void listener(req, res));
      const response = await fetch(url, { ...post, headers });
      expect([response.status, await response.text()]).toEqual([403, expect.stringMatching(text)]);
    }
  });

  test('says that sessions() is missing', async () => {
    const app = new Koa();
    app.silent = true;
    const errors: unknown[] = [];
    app.on('error', (error) => errors.push(error));
    app.use(koaCsrf());
    const listener = app.callback();
    const url = await stack.serve((req, res) => void listener(req, res));
    expect((await fetch(url, post)).status).toBe(500);
    expect(errors).toEqual([new TypeError('Expected `sessions()` to be mounted before `csrf()`')]);
  });
});

describe('A handler of the Fetch API', () => {
  const checkCsrf = fetchCsrf();
  const handle = (sent: Request) =>
    fetchSessions({ client })(async (session, request: Request) => {
      // oxlint-disable-next-line typescript/no-deprecated -- for large bodies only; applications use it
      await checkCsrf(request, session, await request.formData());
      return new Response('open');
    })(sent);

  test('accepts a form, and sends no cookie for it', async () => {
    const { cookie, token } = await visitor();
    const request = new Request('https://shop.example/', { ...post, headers: { cookie }, body: formOf(token) });
    const response = await handle(request);
    expect([response.status, response.headers.getSetCookie()]).toEqual([200, []]);
  });

  test('compares Origin with the host of the URL if there is no header', async () => {
    const { cookie, token } = await visitor();
    for (const [origin, status] of [
      ['https://shop.example', 200],
      ['https://evil.example', 403],
    ] as const) {
      const headers = { cookie, origin };
      const request = new Request('https://shop.example/', { ...post, headers, body: formOf(token) });
      expect((await handle(request)).status).toBe(status);
    }
  });
});

function formOf(token: string): FormData {
  const form = new FormData();
  form.set('csrf_token', token);
  form.set('note', 'new');
  return form;
}
