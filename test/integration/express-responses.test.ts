import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from '@jest/globals';
import compression from 'compression';
import type { ErrorRequestHandler, Express, Request, Response } from 'express';
import { sessions } from '@session-sidecar/client/express';
import { ExpressStack, expressVersions } from '../support/express-stack';
import { until } from '../support/poll';

const stack = new ExpressStack();

/** More than any buffer on the way takes at once, and not to be compressed away. */
const large = Array.from({ length: 40_000 }, (_, line) => `line ${line}\n`).join('');
const smallPieces = large.match(/[^]{1,7000}/g)!;

interface Way {
  send(req: Request, res: Response): unknown;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly status?: number;
  readonly body?: string;
}

/** Every way to send a response that people use. */
const ways: Record<string, Way> = {
  'res.json()': { send: (_, res) => res.json({ a: 1 }), body: '{"a":1}' },
  'res.send()': { send: (_, res) => res.send('text'), body: 'text' },
  'res.send() to a HEAD request': { send: (_, res) => res.send('text'), method: 'HEAD' },
  'res.send() of what the browser has': {
    send: (_, res) => res.set('ETag', '"1"').send('text'),
    headers: { 'If-None-Match': '"1"', 'Cache-Control': 'max-age=0' },
    status: 304,
  },
  'res.sendStatus()': { send: (_, res) => res.sendStatus(204), status: 204 },
  'res.redirect()': { send: (_, res) => res.redirect(303, '/'), status: 303, body: 'See Other. Redirecting to /' },
  'res.sendFile()': { send: (_, res) => res.sendFile(__filename), body: readFileSync(__filename, 'utf8') },
  'res.end() with a callback': {
    send: (_, res) => new Promise<void>((resolve) => res.end('text', resolve)),
    body: 'text',
  },
  'res.writeHead() with headers': {
    send: (_, res) => res.writeHead(201, 'Made', { 'X-Own': 'yes', 'Content-Length': 4 }).end('text'),
    status: 201,
    body: 'text',
  },
  'res.write() in pieces': {
    async send(_, res) {
      for (const piece of smallPieces) if (!res.write(piece)) await once(res, 'drain');
      res.end();
    },
    body: large,
  },
  'res.write() in pieces that nobody waits with': {
    send(_, res) {
      for (const piece of smallPieces) res.write(piece);
      res.end();
    },
    body: large,
  },
  'res.flushHeaders() and a body later': {
    async send(_, res) {
      res.flushHeaders();
      await new Promise(setImmediate);
      res.end('text');
    },
    body: 'text',
  },
  'a pipe': { send: (_, res) => Readable.from(smallPieces).pipe(res), body: large },
  'a pipe of one small piece': { send: (_, res) => Readable.from(['text']).pipe(res), body: 'text' },
  'a pipeline': { send: (_, res) => pipeline(Readable.from(smallPieces), res), body: large },
};

const compressions = {
  'without compression()': (app: Express) => app.use(sessions({ client: stack.client })),
  'with compression() before': (app: Express) => {
    app.use(compression({ threshold: 0 }));
    app.use(sessions({ client: stack.client }));
  },
  'with compression() after': (app: Express) => {
    app.use(sessions({ client: stack.client }));
    app.use(compression({ threshold: 0 }));
  },
};

const showError: ErrorRequestHandler = (error: { status?: number; code?: string; message: string }, _, res, next) => {
  if (res.headersSent) {
    next(error);
    return;
  }
  res.status(error.status ?? 500).json({ code: error.code, message: error.message });
};

describe.each(expressVersions)('On %s', (_, express) => {
  describe.each(Object.entries(compressions))('%s', (_, mount) => {
    describe.each(Object.entries(ways))('%s', (_, { send, method = 'GET', headers = {}, status = 200, body = '' }) => {
      const compressed = { 'Accept-Encoding': 'gzip', ...headers };

      test('sends no headers before the session is saved, and is otherwise unchanged', async () => {
        let url = '';
        url = await stack.serveBare((app) => {
          app.set('etag', false);
          mount(app);
          app.get('/ping', (_, res) => void res.send('pong'));
          app.get('/', (req, res) => {
            req.session.set('note', 'new');
            stack.redis.freeze();
            // Something that compression() is for.
            res.type('text');
            void send(req, res);
          });
        }, express);
        let hasHeaders = false;
        const answer = fetch(url, { method, headers: compressed, redirect: 'manual' }).then((response) => {
          hasHeaders = true;
          return response;
        });
        await until('the session to be saved', async () => (await sidecarMetric('session_sidecar_rpcs_in_flight')) > 0);
        // Had the headers left before the call did, they would be here before this answer is.
        await fetch(`${url}/ping`);
        expect(hasHeaders).toBe(false);
        stack.redis.thaw();

        const response = await answer;
        expect(response.status).toBe(status);
        const [cookie = ''] = response.headers.getSetCookie();
        expect(await stack.stored(/session_sidecar=([^;]+)/.exec(cookie)?.[1])).toEqual({ note: 'new' });
        expect((await response.text()) === body).toBe(true);
      });

      test('is replaced by an error page when the session ended meanwhile', async () => {
        const url = await stack.serveBare((app) => {
          app.use((_, res, next) => next(void res.set('X-Everywhere', 'yes')));
          mount(app);
          app.get('/', (req, res, next) => {
            req.session.set('note', 'new');
            res.type('text').set('Content-Language', 'en').cookie('theme', 'dark');
            // A route that awaits a pipeline learns that it was cut off, and fails after it was answered.
            stack.redis.admin
              .flushdb()
              .then(() => send(req, res))
              .catch(next);
          });
          app.use(showError);
        }, express);
        const browser = await stack.browserWithSession(url);
        const response = await browser.fetch('/', { method, headers: compressed, redirect: 'manual' });
        expect(response.status).toBe(409);
        const text = await response.text();
        if (method !== 'HEAD') expect(JSON.parse(text)).toMatchObject({ code: 'SESSION_NOT_FOUND' });
        expect(response.headers.get('X-Everywhere')).toBe('yes');
        expect(response.headers.get('Content-Language')).toBeNull();
        expect(response.headers.getSetCookie()).toEqual([]);
        expect(await stack.redis.admin.dbsize()).toBe(0);
      });
    });
  });

  test('an error without a handler of its own gets its status from Express', async () => {
    const url = await stack.serve(
      (app) => {
        app.get('/', (req, res, next) => {
          req.session.set('note', 'new');
          stack.redis.admin.flushdb().then(() => res.json({ a: 1 }), next);
        });
      },
      {},
      express,
    );
    const response = await (await stack.browserWithSession(url)).fetch('/');
    expect(response.status).toBe(409);
    expect(await response.text()).toContain('SESSION_NOT_FOUND');
  });
});

async function sidecarMetric(name: string): Promise<number> {
  const text = await (await fetch(`${stack.sidecar.httpUrl}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
}
