import type { IncomingMessage, RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import cookie from '@fastify/cookie';
import express from 'express';
import session from 'express-session';
import type { Store } from 'express-session';
import fastify from 'fastify';
import type { FastifyPluginCallback } from 'fastify';

/** Its types declare `session` of requests, as those of our own plugin do, so that both cannot be part of one program. */
const fastifySession = createRequire(__filename)('@fastify/session') as FastifyPluginCallback<object>;

/** `req.session`, as both frameworks have it. */
export interface StoredSession {
  cookie: { maxAge?: number | null; expires?: Date | null; originalMaxAge?: number | null };
  regenerate(done: (error?: Error) => void): void;
  destroy(done: (error?: Error) => void): void;
  reload(done: (error?: Error) => void): void;
  save(done: (error?: Error) => void): void;
  touch(): void;
  [field: string]: unknown;
}

/** A request, whatever framework received it. */
export interface StoredPage {
  readonly path: string;
  /** As the request has it now: some methods replace it. */
  session: StoredSession;
  readonly sid: string;
}

/** A web application, whatever framework serves it. Returns the body. */
export type StoredApp = (page: StoredPage) => Promise<string> | string;

/** Options that both frameworks have, by the names of express-session. */
export interface StoreOptions {
  readonly saveUninitialized?: boolean;
  readonly rolling?: boolean;
  readonly maxAge?: number;
  readonly genid?: () => string;
  /** What express-session alone has. */
  readonly resave?: boolean;
  readonly unset?: 'destroy' | 'keep';
}

export const secret = 'a secret of at least thirty-two characters';
export const cookieName = 'connect.sid';

export interface StoreFramework {
  readonly name: string;
  /** A store as the framework wants it. */
  readonly serve: (app: StoredApp, store: object, options?: StoreOptions) => RequestListener | Promise<RequestListener>;
}

export const expressSession: StoreFramework = {
  name: 'express-session',
  serve(app, store, { maxAge, ...options } = {}) {
    const server = express();
    server.set('env', 'test');
    const cookieOptions = maxAge === undefined ? {} : { cookie: { maxAge } };
    const defaults = { resave: false, saveUninitialized: false };
    server.use(session({ ...defaults, ...options, ...cookieOptions, secret, store: store as Store }));
    server.use((req, res, next) => {
      Promise.resolve(app(pageOf(req.path, req)))
        .then((body) => res.send(body))
        .catch(next);
    });
    return server;
  },
};

export const fastifySessions: StoreFramework = {
  name: '@fastify/session',
  async serve(app, store, { maxAge, genid, saveUninitialized = false, rolling = false } = {}) {
    const server = fastify();
    await server.register(cookie);
    const cookieOptions = { secure: false, ...(maxAge !== undefined && { maxAge }) };
    const ids = genid === undefined ? {} : { idGenerator: genid };
    // As its documentation says for cookies that express-session has set.
    const compatible = { cookieName, cookiePrefix: 's:' };
    await server.register(fastifySession, {
      ...compatible,
      ...ids,
      ...{ secret, store, saveUninitialized, rolling, cookie: cookieOptions },
    });
    server.all('/*', async (request) => app(pageOf(request.url, request)));
    await server.ready();
    return (req, res) => server.routing(req, res);
  },
};

export const storeFrameworks = [expressSession, fastifySessions];

function pageOf(path: string, request: unknown): StoredPage {
  const req = request as { session: StoredSession; sessionID?: string } & Partial<IncomingMessage>;
  return {
    path,
    get session() {
      return req.session;
    },
    set session(value) {
      req.session = value;
    },
    get sid() {
      return req.sessionID ?? (req.session['sessionId'] as string);
    },
  };
}

type Method = 'regenerate' | 'destroy' | 'reload' | 'save';

/** Calls a method of the session of a page. */
export function call(page: StoredPage, method: Method): Promise<void> {
  return new Promise((resolve, reject) => {
    page.session[method]((error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
