import { beforeAll, describe, expect, test } from '@jest/globals';
import { compile } from './compile';

/* What must and must not compile for users of the adapters who give the type of their sessions as an argument. */

const express = `import { sessions } from '@session-sidecar/client/express'; import type { RequestSessions, WebSession } from '@session-sidecar/client/express'; import type { Request } from 'express'; declare const req: Request;`;
const fastify = `import { sessions } from '@session-sidecar/client/fastify'; import type { FastifyInstance, FastifyRequest } from 'fastify'; declare const app: FastifyInstance; declare const request: FastifyRequest;`;
const koa = `import { sessions } from '@session-sidecar/client/koa'; import type { Context } from 'koa'; declare const ctx: Context;`;
const hono = `import { sessions } from '@session-sidecar/client/hono'; import type { Context } from 'hono'; declare const c: Context;`;
const fetch = `import { sessions } from '@session-sidecar/client/fetch';`;
const node = `import { sessions } from '@session-sidecar/client/node';`;
const nest = `import { SessionExceptionFilter, VisitorSession } from '@session-sidecar/client/nest'; import type { ExceptionFilter } from '@nestjs/common';`;
const cart = 'const cart: string[] | undefined';

const right: Readonly<Record<string, string>> = {
  'Express: load()': `${express} sessions<Shop>({ address, remember: 'visits', cookie: { maxAge: 60 } }); async () => { ${cart} = (await req.sessions.load<Shop>()).get('cart'); };`,
  'Express: current()': `${express} ${cart} = req.sessions.current<Shop>().get('cart');`,
  'Express: the client of a type': `${express} sessions({ client: new SessionClient<Shop>({ address }), remember: (session) => session.get('visits', 0) > 1 });`,
  'Express: callbacks and promises': `${express} req.session.save((error) => { if (error) throw error; }).touch().destroy(() => {}); async () => { await req.session.regenerate(); await req.session.reload(); }; const id: string | undefined = req.sessionID;`,
  'Express: the cookie': `${express} req.session.cookie.maxAge = null; req.session.cookie.expires = false; const ms: number | null = req.session.cookie.originalMaxAge;`,
  'Express: a session as the client has it': `${express} declare const own: WebSession<Shop>; const plain: ISession<Shop> = own;`,
  Fastify: `${fastify} app.register(sessions<Shop>, { client: new SessionClient<Shop>({ address }), remember: 'visits' }); async () => { ${cart} = (await request.session<Shop>()).get('cart'); };`,
  Koa: `${koa} sessions({ client: new SessionClient<Shop>({ address }) }); async () => { ${cart} = (await ctx.session<Shop>()).get('cart'); };`,
  Hono: `${hono} sessions({ client: new SessionClient<Shop>({ address }) }); async () => { ${cart} = (await c.var.session<Shop>()).get('cart'); };`,
  'Fetch: by an argument': `${fetch} sessions<Shop>({ address })(async (session, _request: Request) => { ${cart} = (await session()).get('cart'); return new Response(); });`,
  'Fetch: by the client': `${fetch} sessions({ client: new SessionClient<Shop>({ address }) })(async (session, _request: Request) => { ${cart} = (await session()).get('cart'); return new Response(); });`,
  'NestJS: the decorator and the filter': `${nest} const decorator: ParameterDecorator = VisitorSession(); const filter: ExceptionFilter = new SessionExceptionFilter();`,
  'Next.js: by an argument': `import { sessions } from '@session-sidecar/client/next'; async (headers: Headers) => { ${cart} = await sessions<Shop>({ address })({ headers }, async (session) => (await session()).get('cart')); };`,
  'Sockets: by an argument': `${node.replace('sessions', 'sessionOpener')} const open = sessionOpener<Shop>({ address, trustedOrigins: ['https://shop.example.com'] }); async (req: import('node:http').IncomingMessage) => { ${cart} = (await open(req)).get('cart'); };`,
  'Sockets: by the client': `${node.replace('sessions', 'sessionOpener')} const open = sessionOpener({ client: new SessionClient<Shop>({ address }) }); async (req: import('node:http').IncomingMessage) => { ${cart} = (await open(req)).get('cart'); };`,
  'node:http': `${node} sessions<Shop>({ address })(async (_req, _res, session) => { ${cart} = (await session()).get('cart'); });`,
};

const wrong: Readonly<Record<string, readonly [source: string, says: RegExp]>> = {
  'Express: another key': [`${express} (await req.sessions.load<Shop>()).get('basket');`, /"basket"/],
  'Express: a key that is not declared': [`${express} req.session.get('cart');`, /"cart"/],
  'Express: a type that is expected, but not given': [
    `${express} declare const declared: RequestSessions<{ other: string }>; async () => { const own: ISession<Shop> = await declared.load(); };`,
    /not assignable to type 'ISession<Shop>'/,
  ],
  'Express: a property': [`${express} req.session.user = { id: 7 };`, /'user' does not exist/],
  'Express: the session itself': [`${express} req.session = null;`, /read-only/],
  'Express: another lifetime of the cookie in words': [`${express} req.session.cookie.maxAge = '1h';`, /'string'/],
  'Express: an attribute of the cookie': [`${express} req.session.cookie.secure = true;`, /read-only/],
  'Express: remember, by a key that there is not': [
    `${express} sessions<Shop>({ address, remember: 'basket', cookie: { maxAge: 60 } });`,
    /basket/,
  ],
  'Fastify: remember, by a key that there is not': [
    `${fastify} app.register(sessions<Shop>, { address, remember: 'basket', cookie: { maxAge: 60 } });`,
    /basket/,
  ],
  'Fastify: another key': [`${fastify} (await request.session<Shop>()).get('basket');`, /"basket"/],
  'Fastify: the function as the session': [`${fastify} request.session.get('cart');`, /'get' does not exist/],
  'Koa: another key': [`${koa} (await ctx.session<Shop>()).get('basket');`, /"basket"/],
  'Hono: another key': [`${hono} (await c.var.session<Shop>()).get('basket');`, /"basket"/],
  'Fetch: another key': [
    `${fetch} sessions<Shop>({ address })(async (session, _request: Request) => { (await session()).get('basket'); return new Response(); });`,
    /"basket"/,
  ],
  'Sockets: another key': [
    `${node.replace('sessions', 'sessionOpener')} async (req: import('node:http').IncomingMessage) => (await sessionOpener<Shop>({ address })(req)).get('basket');`,
    /"basket"/,
  ],
  'node:http: another key': [
    `${node} sessions<Shop>({ address })(async (_req, _res, session) => (await session()).get('basket'));`,
    /"basket"/,
  ],
};

let said: ReadonlyMap<string, readonly string[]>;

beforeAll(() => {
  said = compile({
    ...right,
    ...Object.fromEntries(Object.entries(wrong).map(([name, [source]]) => [name, source])),
  });
});

describe('right uses compile', () => {
  test.each(Object.keys(right))('%s', (name) => {
    expect(said.get(name)).toEqual([]);
  });
});

describe('wrong uses do not compile', () => {
  test.each(Object.entries(wrong))('%s', (name, [, says]) => {
    expect((said.get(name) ?? []).join('\n')).toMatch(says);
  });
});
