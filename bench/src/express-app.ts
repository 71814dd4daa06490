// A web application on Express, with the same routes for every session store. Its parent sends it commands, one at a time.
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SessionClient } from '@session-sidecar/client';
import type { ISession } from '@session-sidecar/client';
import { sessions } from '@session-sidecar/client/express';
import type { SessionData } from '@session-sidecar/client/express';
import { RedisStore } from 'connect-redis';
import express from 'express';
import type { Express, Request, RequestHandler } from 'express';
import session from 'express-session';
import { createClient } from 'redis';
import type { AppCommands, ExpressStore } from './express-app-protocol';
import { nextPage, shopSession } from './shop';
import type { Shop, Size } from './shop';
import type { Target } from './target';
import { serveCommands } from './worker-protocol';

/** What the application needs of a session store. */
interface Sessions {
  readonly middleware: RequestHandler;
  readonly user: (req: Request) => Shop['user'] | undefined;
  readonly update: (req: Request, values: Partial<Shop>) => void;
  close(): Promise<void>;
}

const stores: Readonly<Record<ExpressStore, (target: Target) => Sessions | Promise<Sessions>>> = {
  sidecar: (target) => onSidecar(target),
  cached: (target) => onSidecar(target, { maxBytes: 2 ** 30 }),
  'connect-redis': onConnectRedis,
};

function onSidecar({ address }: Target, cache?: { readonly maxBytes: number }): Sessions {
  const client = new SessionClient<Shop>({ address, timeoutMs: 10_000, cache });
  // The middleware expects `SessionData`, which the Express example declares; these sessions hold a `Shop`.
  const options = { client: client as unknown as SessionClient<SessionData> };
  const sessionOf = (req: Request) => req.session as unknown as ISession<Shop>;
  return {
    middleware: sessions(options),
    user: (req) => sessionOf(req).get('user'),
    update(req, values) {
      sessionOf(req).update(values);
    },
    close() {
      client.close();
      return Promise.resolve();
    },
  };
}

/** express-session and connect-redis, set up as in the README of connect-redis. */
async function onConnectRedis({ redisPort }: Target): Promise<Sessions> {
  const client = createClient({ url: `redis://127.0.0.1:${redisPort}` });
  await client.connect();
  const store = new RedisStore({ client, prefix: 'myapp:' });
  const sessionOf = (req: Request) => req.session as unknown as Partial<Shop>;
  return {
    middleware: session({ store, resave: false, saveUninitialized: false, secret: 'keyboard cat' }),
    user: (req) => sessionOf(req).user,
    update(req, values) {
      Object.assign(sessionOf(req), values);
    },
    async close() {
      await client.close();
    },
  };
}

function createShop({ middleware, user, update }: Sessions): Express {
  const app = express();
  let writes = 0;
  app.use(middleware);
  app.get('/', (req, res) => {
    res.json({ user: user(req) });
  });
  app.post('/page', (req, res) => {
    const page = nextPage(++writes);
    update(req, { page });
    res.json({ user: user(req), page });
  });
  app.post('/sessions/:size/:n', (req, res) => {
    update(req, shopSession(Number(req.params.n), req.params.size as Size));
    res.json({ user: user(req) });
  });
  return app;
}

let used: Sessions | undefined;
let server: Server | undefined;

async function close(): Promise<void> {
  server?.close();
  server?.closeAllConnections();
  await used?.close();
}

serveCommands<AppCommands>(
  {
    async listen({ store, target }) {
      used = await stores[store](target);
      server = createShop(used).listen(0, '127.0.0.1');
      await once(server, 'listening');
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    close,
  },
  close,
);
