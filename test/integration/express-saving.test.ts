import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import compression from 'compression';
import type { ErrorRequestHandler, Express, Request, Response } from 'express';
import { sessions } from '@session-sidecar/client/express';
import { Browser } from '../support/browser';
import { ExpressStack } from '../support/express-stack';
import { until } from '../support/poll';

const stack = new ExpressStack();

/** More than any buffer on the way takes at once, and not to be compressed away. */
const large = Array.from({ length: 40_000 }, (_, line) => `line ${line}\n`).join('');
const smallPieces = large.match(/[^]{1,7000}/g)!;

const showError: ErrorRequestHandler = (error: { status?: number; code?: string; message: string }, _, res, next) => {
  if (res.headersSent) {
    next(error);
    return;
  }
  res.status(error.status ?? 500).json({ code: error.code, message: error.message });
};

/** Serves a page in pieces, whose session cannot be saved. @returns a function that lets it go on after the first piece */
function writeInPieces(app: Express): () => void {
  let goOn = () => {};
  app.get('/', async (req, res) => {
    req.session.set('note', 'new');
    await stack.redis.admin.flushdb();
    res.write('first');
    await new Promise<void>((resolve) => (goOn = resolve));
    res.write('second');
    res.end('third');
  });
  return () => goOn();
}

describe('a failed save', () => {
  test('leaves room for an error page that is streamed', async () => {
    const url = await stack.serve((app) => {
      app.use(compression({ threshold: 0 }));
      app.get('/', async (req, res) => {
        req.session.set('note', 'new');
        await stack.redis.admin.flushdb();
        Readable.from(smallPieces).pipe(res.type('text'));
      });
      app.use(((_error, _req, res, _next) => {
        // The first piece alone is more than the buffer takes.
        Readable.from([large, 'the end']).pipe(res.status(409));
      }) as ErrorRequestHandler);
    });
    const response = await (await stack.browserWithSession(url)).fetch('/');
    expect(response.status).toBe(409);
    expect((await response.text()) === `${large}the end`).toBe(true);
  });

  test('lets an error page through that awaits something, while the discarded response is still being written', async () => {
    let goOn = () => {};
    const url = await stack.serve((app) => {
      goOn = writeInPieces(app);
      app.use((async (error, _req, res, _next) => {
        goOn();
        await new Promise(setImmediate);
        res.status((error as { status: number }).status).send('sorry');
      }) as ErrorRequestHandler);
    });
    const response = await (await stack.browserWithSession(url)).fetch('/');
    expect([response.status, await response.text()]).toEqual([409, 'sorry']);
  });

  test.each([
    ['sets the status', (res: Response) => void (res.statusCode = 409)],
    ['sets a header', (res: Response) => void res.setHeader('Content-Type', 'text/plain')],
    ['sets both', (res: Response) => void res.status(409).type('text')],
    ['writes its head', (res: Response) => void res.writeHead(409)],
  ])('lets an error page through that %s and comes from another asynchronous context', async (_, setHead) => {
    let work: (job: () => void) => void = () => {};
    // As a connection pool does it: its callbacks run in the context of the pool.
    const pool = async (): Promise<never> => {
      for (;;) (await new Promise<() => void>((resolve) => (work = resolve)))();
    };
    void pool();
    let goOn = () => {};
    const url = await stack.serve((app) => {
      goOn = writeInPieces(app);
      app.use(((_error, _req, res, _next) => {
        work(() => {
          setHead(res);
          res.end('sorry');
          goOn();
        });
      }) as ErrorRequestHandler);
    });
    const browser = await stack.browserWithSession(url);
    expect(await (await browser.fetch('/')).text()).toBe('sorry');
  });

  test('does not withhold the token of an earlier regenerate()', async () => {
    const url = await stack.serve((app) => {
      app.get('/', async (req, res) => {
        await req.session.regenerate();
        req.session.set('note', 'too large '.repeat(1000));
        res.send('text');
      });
      app.use(showError);
    });
    const browser = await stack.browserWithSession(url);
    const response = await browser.fetch('/');
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: 'SESSION_TOO_LARGE' });
    expect(await stack.stored(await browser.cookie())).toEqual({ note: 'old' });
  });

  test.each([409, 503])('does not replace a response of status %i, which reports a failure already', async (status) => {
    const url = await stack.serve((app) => {
      app.get('/', async (req) => {
        req.session.set('note', 'new');
        await stack.redis.admin.flushdb();
        await req.session.save();
      });
      app.use(((_error, _req, res, _next) => void res.status(status).send('sorry')) as ErrorRequestHandler);
    });
    const response = await (await stack.browserWithSession(url)).fetch('/');
    expect([response.status, await response.text()]).toEqual([status, 'sorry']);
  });

  test('does not cut off a streamed response that reports a failure already', async () => {
    const url = await stack.serve((app) => {
      app.get('/', async (req, res) => {
        req.session.set('note', 'new');
        await stack.redis.admin.flushdb();
        res.status(503).write('sor');
        res.end('ry');
      });
    });
    const response = await (await stack.browserWithSession(url)).fetch('/');
    expect([response.status, await response.text()]).toEqual([503, 'sorry']);
  });

  test('lets the error page read the session', async () => {
    const url = await stack.serveBare((app) => {
      app.use(sessions({ address: '127.0.0.1:1', timeoutMs: 500 }));
      app.get('/', (req, res) => void res.json(req.session.get('note')));
      app.use(((error: { status: number }, req: Request, res, _next) => {
        res.status(error.status).json(req.session.get('note', 'none'));
      }) as ErrorRequestHandler);
    });
    const browser = new Browser(url);
    await browser.setCookie('token');
    const response = await browser.fetch('/');
    expect([response.status, await response.json(), response.headers.get('Retry-After')]).toEqual([503, 'none', '1']);
  });

  test('of a value that JSON cannot hold goes to the error handlers too', async () => {
    const url = await stack.serve((app) => {
      app.get('/', (req, res) => {
        const list: unknown[] = [];
        req.session.set('note', list as unknown as string);
        list.push(list);
        res.send('text');
      });
      app.use(showError);
    });
    const response = await fetch(url);
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ message: expect.stringContaining('note[0]') });
  });
});

describe('with the sidecar out of reach', () => {
  const serve = () =>
    stack.serveBare((app) => {
      app.get('/health', (_, res) => void res.send('fine'));
      app.use(sessions({ address: '127.0.0.1:1', timeoutMs: 1000 }));
      app.get('/read', (req, res) => void res.json(req.session.get('note', 'none')));
      app.get('/write', (req, res) => {
        req.session.set('note', 'new');
        res.send('text');
      });
      app.use(showError);
    });

  test('a request that needs it is answered with 503', async () => {
    const url = await serve();
    const browser = new Browser(url);
    expect((await browser.fetch('/write')).status).toBe(503);
    await browser.setCookie('token');
    const response = await browser.fetch('/read');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('visitors without a session, and what is mounted before, are served', async () => {
    const url = await serve();
    expect(await (await fetch(`${url}/read`)).json()).toBe('none');
    const browser = new Browser(url);
    await browser.setCookie('token');
    expect(await browser.text('/health')).toBe('fine');
  });
});

describe('once the headers have left', () => {
  test('what is written to a session is saved before the response ends', async () => {
    const url = await stack.serve((app) => {
      app.get('/', (req, res) => {
        res.write('begun');
        req.session.set('note', 'late');
        res.end();
      });
    });
    const browser = await stack.browserWithSession(url);
    expect(await browser.text('/')).toBe('begun');
    expect(await stack.stored(await browser.cookie())).toEqual({ note: 'late' });
  });

  test.each<[string, (req: Request) => unknown, boolean]>([
    ['a session is started', ({ session }) => session.csrfToken(), false],
    ['something is written for a new one', ({ session }) => session.update({ note: 'late' }), false],
    ['a session is regenerated', ({ session }) => session.regenerate(), true],
    ['a save fails', ({ session }) => session.update({ note: 'too large '.repeat(1000) }), true],
  ])('the connection is closed when %s', async (_, act, hasSession) => {
    const errors: unknown[] = [];
    const url = await stack.serve((app) => {
      app.get('/', async (req, res) => {
        res.write('begun');
        await act(req);
        res.end();
      });
      app.use(((error, _req, res, next) => {
        errors.push(error);
        // As somebody writes it who has not thought of this case.
        if (!res.headersSent) next(error);
      }) as ErrorRequestHandler);
    });
    const browser = hasSession ? await stack.browserWithSession(url) : new Browser(url);
    const response = await browser.fetch('/');
    await expect(response.text()).rejects.toThrow('terminated');
    expect(errors).toHaveLength(1);
    expect(errors[0]).toBeInstanceOf(Error);
  });
});

test('A visitor who leaves while the response is held gets the session saved, and nothing breaks', async () => {
  let isLoaded = false;
  const finished: string[] = [];
  const url = await stack.serve((app) => {
    app.get('/', (req, res) => {
      req.session.set('note', 'new');
      stack.redis.freeze();
      res.on('close', () => finished.push('close'));
      Readable.from(smallPieces).pipe(res);
      isLoaded = true;
    });
    app.use(((error, _req, _res, next) => {
      finished.push('error');
      next(error);
    }) as ErrorRequestHandler);
  });
  const browser = await stack.browserWithSession(url);
  const giveUp = new AbortController();
  const response = browser.fetch('/', { signal: giveUp.signal });
  await until('the session to be loaded', () => isLoaded);
  await until('it to be saved', async () => (await sidecarMetric('session_sidecar_rpcs_in_flight')) > 0);
  giveUp.abort();
  await expect(response).rejects.toThrow('aborted');
  await until('the server to notice', () => finished.length > 0);
  stack.redis.thaw();
  const token = await browser.cookie();
  await until('the session to be saved', async () => (await stack.stored(token))?.note === 'new');
  expect(finished).toEqual(['close']);
});

test('Informational responses leave at once, and the final one is held all the same', async () => {
  const url = await stack.serve((app) => {
    app.get('/', (req, res) => {
      req.session.set('note', 'new');
      res.writeProcessing();
      res.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
      res.send('text');
    });
  });
  const statuses: number[] = [];
  const sent = request(url).on('information', ({ statusCode }) => statuses.push(statusCode));
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const [cookie = ''] = response.headers['set-cookie'] ?? [];
  expect(statuses).toEqual([102, 103]);
  expect(await stack.stored(/session_sidecar=([^;]+)/.exec(cookie)?.[1])).toEqual({ note: 'new' });
  response.resume();
});

async function sidecarMetric(name: string): Promise<number> {
  const text = await (await fetch(`${stack.sidecar.httpUrl}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
}
