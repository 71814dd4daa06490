import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import { SessionError } from '../errors/session-error';
import { checkCsrf, resolveCsrf } from './csrf';
import type { CsrfOptions } from './csrf';
import { guardedLoader } from './guarded-loader';
import { HeaderLists, requestHeaders } from './header-lists';
import { RequestSession, resolveSettings } from './request-session';
import type { LoadSession, SessionResponseOptions, SessionResponseSettings } from './request-session';

export * from './adapter-exports';
export type { LoadSession } from './request-session';

/**
 * What the sessions of the application hold. Declare it once:
 *
 * ```ts
 * declare module '@session-sidecar/client/fastify' {
 *   interface SessionData { user?: { id: number; name: string }; cart: string[] }
 * }
 * ```
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- applications fill it
export interface SessionData {}

declare module 'fastify' {
  interface FastifyRequest {
    /** Loads the visitor's session, which is saved before the reply's headers are sent. Set by the plugin `sessions`. */
    readonly session: LoadSession<SessionData>;
  }
}

/** {@link WebSessionOptions}, with a client: {@link SessionResponseOptions}. */
export type SessionsOptions<T extends object = SessionData> = SessionResponseOptions<T>;

/** `register(sessions, …)` is for the declared type, because Fastify's own types infer none; `register(sessions<T>, …)` for another. */
type SessionsPlugin = (<T extends object>(app: FastifyInstance, options: SessionsOptions<T>, done: Done) => void) &
  FastifyPluginCallback<SessionsOptions>;
type Done = (error?: Error) => void;

function plugin<T extends object>(app: FastifyInstance, options: SessionsOptions<T>, done: Done): void {
  try {
    addSessions(app, resolveSettings<T>(options));
    done();
  } catch (error) {
    done(error as Error);
  }
}

function addSessions<T extends object>(app: FastifyInstance, settings: SessionResponseSettings<T>): void {
  const started = new WeakMap<FastifyRequest, RequestSession<T>>();
  const load = guardedLoader(function (this: FastifyRequest) {
    let session = started.get(this);
    if (session === undefined) {
      session = new RequestSession(settings, requestHeaders(this));
      started.set(this, session);
    }
    return session.load();
  } as unknown as LoadSession<SessionData>);
  app.decorateRequest('session', {
    getter: () => load,
    // Fastify ignores it where it has no setter.
    setter() {
      throw new TypeError(
        'Expected `(await request.session()).destroy()` instead of an assignment to `request.session`',
      );
    },
  });
  const failures = new WeakMap<FastifyRequest, SessionError>();
  app.addHook('onError', (request, _reply, error, next) => {
    if (SessionError.is(error)) failures.set(request, error);
    next();
  });
  app.addHook('onSend', (request, _reply, payload, next) => {
    const failure = failures.get(request);
    next(null, failure === undefined ? payload : withoutMessage(payload, failure));
  });
  app.addHook('onSend', async (request, reply) => {
    const session = started.get(request);
    if (session === undefined) return;
    try {
      await session.beforeHeaders(reply.statusCode);
    } catch (error) {
      discard(reply);
      throw error;
    }
    const isHttps = request.protocol === 'https';
    session.writeHeaders({ headers: headersOf(reply), status: reply.statusCode, isHttps });
  });
}

/**
 * A plugin that gives each request of its scope, and of the scopes inside, its `request.session()`, and saves the session before
 * the headers of the reply are sent. If saving fails, the reply is discarded, and the error goes to the error handler with the
 * `status` of the SessionError.
 *
 * A request that does not call `request.session()` costs no call to the sidecar. Set `trustProxy` if a proxy terminates https.
 * After the headers, for example while a stream is sent, only an explicit `save()` saves. A reply that the application has
 * hijacked is left alone.
 */
export const sessions = forCallersScope('@session-sidecar/client', plugin as SessionsPlugin);

const csrfPlugin: FastifyPluginCallback<CsrfOptions> = (app, options, done) => {
  try {
    const settings = resolveCsrf(options);
    if (!app.hasRequestDecorator('session')) {
      throw new TypeError('Expected the plugin `sessions` to be registered before `csrf`');
    }
    // Once the body is parsed.
    app.addHook('preHandler', async (request) => {
      const { method, host } = request;
      const headers = requestHeaders(request);
      await checkCsrf(settings, {
        method,
        headers,
        host,
        body: () => request.body,
        session: () => request.session(),
      });
    });
    done();
  } catch (error) {
    done(error as Error);
  }
};

/**
 * A plugin that rejects requests that change something without proof that they come from the application's own pages, with a
 * CsrfError of status 403. Register it after `sessions`, in the scope whose routes it is to protect. Pages get the proof from
 * `csrfToken(await request.session())` and send it as the form field `csrf_token`, which needs a parser such as `@fastify/formbody`,
 * or as the header `X-CSRF-Token`.
 */
export const csrf = forCallersScope('@session-sidecar/client/csrf', csrfPlugin);

/** As fastify-plugin does it: what such a plugin adds belongs to the scope that registers it. */
function forCallersScope<Plugin extends object>(name: string, callback: Plugin): Plugin {
  return Object.assign(callback, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: name,
    [Symbol.for('plugin-meta')]: { name, fastify: '5.x' },
  });
}

/**
 * Fastify answers an error that no handler of the application has answered with the error's message. That of a SessionError is for
 * logs: it names the sidecar's address.
 */
function withoutMessage(payload: unknown, { message }: SessionError): unknown {
  if (typeof payload !== 'string' || !payload.includes(JSON.stringify(message))) return payload;
  const reply = JSON.parse(payload) as Readonly<Record<string, unknown>>;
  const isFastifysOwn =
    reply['message'] === message && reply['error'] !== undefined && reply['statusCode'] !== undefined;
  return isFastifysOwn ? JSON.stringify({ ...reply, message: reply['error'] }) : payload;
}

/** Headers and status of the error's reply are its own. */
function discard(reply: FastifyReply): void {
  for (const name of ['Location', 'ETag', 'Last-Modified', 'Cache-Control', 'Expires']) reply.removeHeader(name);
  // Otherwise, the error handler would keep it.
  reply.code(200);
}

/** `reply.header()` adds cookies, rather than replacing them. */
function headersOf(reply: FastifyReply): HeaderLists {
  return new HeaderLists({
    getHeader: (name) => reply.getHeader(name),
    setHeader: (name, value) => reply.removeHeader(name).header(name, value),
    removeHeader: (name) => reply.removeHeader(name),
  });
}
