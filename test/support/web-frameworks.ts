import type { RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { getRequestListener } from '@hono/node-server';
import express5 from 'express';
import type { Request as ExpressRequest } from 'express';
import express4 from 'express4';
import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import type { SessionClient } from '@session-sidecar/client';
import { csrf as expressCsrf, sessions as expressSessions } from '@session-sidecar/client/express';
import type { CsrfOptions, WebSession } from '@session-sidecar/client/express';
import { csrf as fastifyCsrf, sessions as fastifySessions } from '@session-sidecar/client/fastify';
import { csrf as fetchCsrf, sessions as fetchSessions } from '@session-sidecar/client/fetch';
import { csrf as honoCsrf, sessions as honoSessions } from '@session-sidecar/client/hono';
import { csrf as koaCsrf, sessions as koaSessions } from '@session-sidecar/client/koa';
import { csrf as nodeCsrf, sessions as nodeSessions } from '@session-sidecar/client/node';

/** What the sessions of all frameworks hold. */
export interface Visits {
  visits?: number;
  note?: string;
}

/* oxlint-disable typescript/no-empty-object-type -- they extend another type */
declare module '@session-sidecar/client/express' {
  interface SessionData extends Visits {}
}
declare module '@session-sidecar/client/fastify' {
  interface SessionData extends Visits {}
}
declare module '@session-sidecar/client/fetch' {
  interface SessionData extends Visits {}
}
declare module '@session-sidecar/client/hono' {
  interface SessionData extends Visits {}
}
declare module '@session-sidecar/client/koa' {
  interface SessionData extends Visits {}
}
declare module '@session-sidecar/client/node' {
  interface SessionData extends Visits {}
}
/* oxlint-enable typescript/no-empty-object-type */

/** A request, whatever framework received it. */
export interface Page {
  readonly path: string;
  readonly session: () => Promise<WebSession<Visits>>;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Pieces are streamed. Default: nothing. */
  readonly body?: string | AsyncIterable<string>;
}

/** A web application, whatever framework serves it. */
export type WebApp = (page: Page) => Promise<Answer>;

export interface WebOptions {
  readonly client: SessionClient<Visits>;
  readonly cookieOnException?: boolean;
  readonly whenUnavailable?: 'fail' | 'read-only';
  readonly onUnsaved?: (error: unknown) => void;
  readonly properties?: true | readonly string[];
  /** The protection against forged requests, with a parser of forms. Default: none. */
  readonly csrf?: CsrfOptions;
}

export interface Framework {
  readonly name: string;
  /** Whether a session is loaded at its first use rather than before the application sees the request. */
  readonly isLazy: boolean;
  /** Whether the application is served by HTTP/2. Default: by HTTP/1.1. */
  readonly isHttp2?: boolean;
  /** Whether a response whose stream breaks looks complete, whatever its session. Default: no. */
  readonly hidesBrokenStreams?: boolean;
  /** Behind a proxy that terminates https. */
  readonly serve: (app: WebApp, options: WebOptions) => RequestListener | Promise<RequestListener>;
}

export async function sendByNode(
  res: ServerResponse,
  { status = 200, headers = {}, body = '' }: Answer,
): Promise<void> {
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  if (typeof body === 'string') res.end(body);
  else await pipeline(Readable.from(body), res);
}

function asResponse({ status = 200, headers = {}, body = '' }: Answer): Response {
  const stream = typeof body === 'string' ? body : (Readable.toWeb(Readable.from(encoded(body))) as ReadableStream);
  return new Response(status === 304 ? null : stream, { status, headers });
}

async function* encoded(pieces: AsyncIterable<string>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) yield Buffer.from(piece);
}

export const pathOf = (url = ''): string => url.replace(/\?.*/, '');

/** Without the promise that the listeners of some frameworks return. */
function asListener(listen: (...args: Parameters<RequestListener>) => Promise<void>): RequestListener {
  return (req, res) => void listen(req, res);
}

/** Koa has no parser of forms. */
const readKoaForm: Koa.Middleware = async (ctx, next) => {
  const body = Object.fromEntries(new URLSearchParams(await text(ctx.req)));
  Object.assign(ctx.request, { body });
  await next();
};

const formOf = async (request: Request): Promise<FormData | undefined> =>
  request.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded') === true
    ? // oxlint-disable-next-line typescript/no-deprecated -- for large bodies only; applications use it
      request.formData()
    : undefined;

function serveByExpress(express: typeof express5, lazy = false): Framework['serve'] {
  return (app, { csrf, ...options }) => {
    const server = express();
    // Otherwise, Express prints errors that the app does not handle.
    server.set('env', 'test').set('trust proxy', true);
    server.use(expressSessions({ ...options, lazy }));
    if (csrf !== undefined) server.use(express.urlencoded({ extended: false }), expressCsrf(csrf));
    server.use((req: ExpressRequest, res, next) => {
      const { sessions } = req;
      const session = lazy ? () => sessions.load<Visits>() : () => Promise.resolve(sessions.current<Visits>());
      app({ path: req.path, session })
        .then((answer) => sendByNode(res, answer))
        .catch(next);
    });
    return server;
  };
}

function serveByFastify(serverOptions: object): Framework['serve'] {
  return async (app, { csrf, ...options }) => {
    const server = fastify({ ...serverOptions, trustProxy: true }) as FastifyInstance;
    await server.register(fastifySessions, options);
    if (csrf !== undefined) await server.register(fastifyCsrf, csrf);
    server.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
      done(null, Object.fromEntries(new URLSearchParams(String(body)))),
    );
    server.all('/*', async (request, reply) => {
      const page = { path: pathOf(request.url), session: () => request.session() };
      const { status = 200, headers = {}, body = '' } = await app(page);
      reply.code(status).headers(headers);
      return typeof body === 'string' ? body : reply.send(Readable.from(body, { objectMode: false }));
    });
    await server.ready();
    return (req, res) => server.routing(req, res);
  };
}

export const frameworks: readonly Framework[] = [
  { name: 'Express 5', isLazy: false, serve: serveByExpress(express5) },
  { name: 'Express 4', isLazy: false, serve: serveByExpress(express4) },
  { name: 'Express 5, lazy', isLazy: true, serve: serveByExpress(express5, true) },
  {
    name: 'node:http',
    isLazy: true,
    serve(app, { csrf, ...options }) {
      const withSession = nodeSessions({ ...options, trustProxy: true });
      const checkCsrf = nodeCsrf(csrf);
      return withSession(async (req, res, session) => {
        if (csrf !== undefined) await checkCsrf(req, session, new URLSearchParams(await text(req)));
        await sendByNode(res, await app({ path: pathOf(req.url), session }));
      });
    },
  },
  {
    name: 'Koa',
    isLazy: true,
    serve(app, { csrf, ...options }) {
      const server = new Koa({ proxy: true });
      server.silent = true;
      server.use(koaSessions(options));
      if (csrf !== undefined) server.use(readKoaForm).use(koaCsrf(csrf));
      server.use(async (ctx) => {
        const { status = 200, headers = {}, body = '' } = await app({ path: ctx.path, session: () => ctx.session() });
        ctx.status = status;
        ctx.set(headers);
        ctx.body = typeof body === 'string' ? body : Readable.from(body, { objectMode: false });
      });
      return asListener(server.callback());
    },
  },
  { name: 'Fastify', isLazy: true, serve: serveByFastify({}) },
  {
    name: 'Hono',
    isLazy: true,
    serve(app, { csrf, ...options }) {
      const server = new Hono();
      server.onError(() => new Response('failed', { status: 500 }));
      server.use(honoSessions({ ...options, trustProxy: true }));
      if (csrf !== undefined) server.use(honoCsrf(csrf));
      server.all('*', async (c) => asResponse(await app({ path: c.req.path, session: c.var.session })));
      return asListener(getRequestListener(server.fetch, { overrideGlobalObjects: false }));
    },
  },
  {
    name: 'Fetch',
    isLazy: true,
    serve(app, { csrf, ...options }) {
      const withSession = fetchSessions({ ...options, trustProxy: true });
      const checkCsrf = fetchCsrf(csrf);
      const handle = withSession(async (session, request: Request) => {
        if (csrf !== undefined) await checkCsrf(request, session, await formOf(request));
        return asResponse(await app({ path: new URL(request.url).pathname, session }));
      });
      const errorHandler = () => new Response('failed', { status: 500 });
      return asListener(getRequestListener(handle, { overrideGlobalObjects: false, errorHandler }));
    },
  },
];

/** Express does not support it. */
export const http2Frameworks: readonly Framework[] = [
  ...frameworks.filter(({ name }) => ['node:http', 'Koa', 'Hono', 'Fetch'].includes(name)),
  { name: 'Fastify', isLazy: true, hidesBrokenStreams: true, serve: serveByFastify({ http2: true }) },
].map((framework) => ({ ...framework, name: `${framework.name} over HTTP/2`, isHttp2: true }));
