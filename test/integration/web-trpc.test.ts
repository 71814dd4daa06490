import type { RequestListener } from 'node:http';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { getRequestListener } from '@hono/node-server';
import { createTRPCClient, httpBatchLink, httpLink } from '@trpc/client';
import { initTRPC } from '@trpc/server';
import { createExpressMiddleware } from '@trpc/server/adapters/express';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { nodeHTTPRequestHandler } from '@trpc/server/adapters/node-http';
import express from 'express';
import makeFetchCookie from 'fetch-cookie';
import type { ISession, SessionClient } from '@session-sidecar/client';
import { csrf as expressCsrf, csrfToken, sessions as expressSessions } from '@session-sidecar/client/express';
import { csrf as fetchCsrf, sessions as fetchSessions } from '@session-sidecar/client/fetch';
import { csrf as nodeCsrf, sessions as nodeSessions } from '@session-sidecar/client/node';
import { connect } from '../support/client';
import { countRpcs } from '../support/sidecar';
import type { Sidecar } from '../support/sidecar';
import { stackForAllTests, stackForEachTest } from '../support/stack';
import type { Visits } from '../support/web-frameworks';

const shared = stackForAllTests();
const stack = stackForEachTest();
let sidecar: Sidecar;
let client: SessionClient<Visits>;

beforeAll(async () => {
  sidecar = await shared.sidecar({ settings: { MAX_SESSION_SIZE: '1KiB' } });
  client = shared.use(connect<Visits>(sidecar));
});

interface Context {
  readonly session: () => Promise<ISession<Visits>>;
}

const t = initTRPC.context<Context>().create();
const textInput = (value: unknown): string => String(value);

const router = t.router({
  token: t.procedure.query(async ({ ctx }) => csrfToken(await ctx.session())),
  note: t.procedure.query(async ({ ctx }) => (await ctx.session()).get('note', 'none')),
  unused: t.procedure.query(() => 'text'),
  write: t.procedure.input(textInput).mutation(async ({ ctx, input }) => {
    const session = await ctx.session();
    session.set('note', input);
    return session.get('note', '');
  }),
  count: t.procedure.mutation(async ({ ctx }) => {
    const session = await ctx.session();
    session.set('visits', session.get('visits', 0) + 1);
    return session.get('visits', 0);
  }),
});

const adapters: readonly (readonly [name: string, listener: () => RequestListener])[] = [
  [
    'Fetch',
    () => {
      const checkCsrf = fetchCsrf();
      const handle = fetchSessions({ client })(async (session, request: Request) => {
        await checkCsrf(request, session);
        return fetchRequestHandler({ endpoint: '/trpc', req: request, router, createContext: () => ({ session }) });
      });
      const listener = getRequestListener(handle, { overrideGlobalObjects: false });
      return (req, res) => void listener(req, res);
    },
  ],
  [
    'node:http',
    () => {
      const checkCsrf = nodeCsrf();
      return nodeSessions({ client })(async (req, res, session) => {
        await checkCsrf(req, session);
        const path = new URL(req.url ?? '', 'http://localhost').pathname.slice('/trpc/'.length);
        await nodeHTTPRequestHandler({ router, req, res, path, createContext: () => ({ session }) });
      });
    },
  ],
  [
    'Express',
    () => {
      const app = express();
      app.set('env', 'test');
      app.use(expressSessions({ client }), expressCsrf());
      const createContext = ({ req }: { req: express.Request }): Context => ({
        session: () => Promise.resolve(req.session as unknown as ISession<Visits>),
      });
      app.use('/trpc', createExpressMiddleware({ router, createContext }));
      return app;
    },
  ],
];

describe.each(adapters)('tRPC by the adapter for %s', (_, listener) => {
  /** A browser that keeps cookies, and sends a CSRF token once it has one. */
  async function visit({ batches = false } = {}) {
    const url = `${await stack.serve(listener())}/trpc`;
    let token = '';
    const withCookies = makeFetchCookie(fetch);
    const statuses: number[] = [];
    const link = {
      url,
      headers: () => ({ 'X-CSRF-Token': token }),
      fetch: async (input: unknown, init?: object) => {
        const response = await withCookies(input as string, init);
        statuses.push(response.status);
        return response;
      },
    };
    const trpc = createTRPCClient<typeof router>({ links: [batches ? httpBatchLink(link) : httpLink(link)] });
    return { trpc, statuses, useToken: async () => (token = await trpc.token.query()) };
  }

  test('gives procedures the session, and saves it', async () => {
    const { trpc, useToken } = await visit();
    await useToken();
    expect(await trpc.write.mutate('new')).toBe('new');
    expect(await trpc.note.query()).toBe('new');
  });

  test('loads and saves once for all procedures of a batch', async () => {
    const { trpc, useToken } = await visit({ batches: true });
    await useToken();
    const before = await countRpcs(sidecar);
    const outcomes = await Promise.all([trpc.write.mutate('new'), trpc.count.mutate(), trpc.count.mutate()]);
    expect(outcomes).toEqual(['new', 1, 2]);
    const after = await countRpcs(sidecar);
    const made = Object.entries(after).map(([rpc, count]) => [rpc, count - (before[rpc] ?? 0)]);
    expect(made.filter(([, count]) => count !== 0)).toEqual([
      ['GetSession', 1],
      ['UpdateSession', 1],
    ]);
  });

  test('refuses mutations without the token, and queries need none', async () => {
    const { trpc, statuses } = await visit();
    await trpc.token.query();
    await expect(trpc.write.mutate('new')).rejects.toThrow();
    expect(statuses).toEqual([200, 403]);
    expect(await trpc.note.query()).toBe('none');
  });

  test('fails a mutation whose session cannot be saved', async () => {
    const { trpc, statuses, useToken } = await visit();
    await useToken();
    await expect(trpc.write.mutate('too large '.repeat(1000))).rejects.toThrow();
    expect(statuses).toEqual([200, 413]);
    expect(await trpc.note.query()).toBe('none');
  });
});
