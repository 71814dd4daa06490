import type { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import type { SessionWatch } from './watch/session-watch';
import type { SessionManager } from '../session/session-manager';
import { copyAfterUpdate, toGetResponse } from './copies';
import type { CopyObserver } from './copies';
import { toDate, toIdleTimeout, toMutations, toResults, toSessionMessage } from './messages';

type Methods = SessionServiceDefinition['methods'];
/** Every RPC with one request and one response; Pipeline carries these. */
export type MethodName = Exclude<keyof Methods, 'pipeline' | 'watchSessions'>;
type MessageOf<T> = T extends { decode(...args: never): infer M } ? M : never;
export type RequestOf<M extends MethodName> = MessageOf<Methods[M]['requestType']>;
export type ResponseOf<M extends MethodName> = MessageOf<Methods[M]['responseType']>;

/** @param deadline when the caller stops waiting, by `performance.now()` */
type Handler<M extends MethodName> = (request: RequestOf<M>, deadline: number) => Promise<ResponseOf<M>>;

export type Handlers = { readonly [M in MethodName]: Handler<M> };

/** The handler of each RPC, for every transport: maps the message, calls the manager, maps the result. */
export function createHandlers(manager: SessionManager, watch: SessionWatch, observer: CopyObserver): Handlers {
  return {
    async createSession({ mutations, idleExpiry, subject, id }, deadline) {
      const session = { mutations: toMutations(mutations), idleTimeout: toIdleTimeout(idleExpiry), subject, id };
      const created = await manager.create(session, deadline);
      return { token: created.token, session: toSessionMessage(created.session), results: toResults(created.results) };
    },

    async getSession({ token: named, etag, id }, deadline) {
      const token = id === undefined ? named : manager.tokenOf(id, named);
      const hasCopy = etag !== undefined && etag.length > 0;
      const loaded = hasCopy ? await manager.validate(token, etag, deadline) : await manager.load(token, deadline);
      const response = toGetResponse(loaded, etag, observer);
      return id === undefined ? response : { ...response, token };
    },

    async updateSession({ token, mutations, ifVersion, idleExpiry, subject, etag }, deadline) {
      const idleTimeout = toIdleTimeout(idleExpiry);
      const update = { mutations: toMutations(mutations), ifVersion, idleTimeout, subject };
      const updated = await manager.update(token, update, deadline);
      const { version, expires } = updated.session;
      const results = toResults(updated.results);
      return { version, expires: toDate(expires), results, ...copyAfterUpdate(updated, etag) };
    },

    async regenerateSession(request, deadline) {
      const mutations = toMutations(request.mutations);
      const regenerated = await manager.regenerate(request.token, { mutations, subject: request.subject }, deadline);
      const { token, csrfToken, session, results } = regenerated;
      const { version, expires } = session;
      return { token, csrfToken, version, expires: toDate(expires), results: toResults(results) };
    },

    async invalidateSession({ token }, deadline) {
      await manager.invalidate(token, deadline);
      return {};
    },

    async pushFlash({ token, ...message }, deadline) {
      return { applied: await manager.pushFlash(token, message, deadline) };
    },

    async popFlash({ token, queue }, deadline) {
      return { messages: [...(await manager.popFlash(token, queue, deadline))] };
    },

    async peekFlash({ token, queue }, deadline) {
      return { messages: [...(await manager.peekFlash(token, queue, deadline))] };
    },

    async getCsrfToken({ token }, deadline) {
      return { csrfToken: await manager.csrfToken(token, deadline) };
    },

    async newCsrfToken({ token }, deadline) {
      return { csrfToken: await manager.newCsrfToken(token, deadline) };
    },

    async checkCsrfToken({ token, csrfToken }, deadline) {
      return { valid: await manager.checkCsrfToken(token, csrfToken, deadline) };
    },

    async acknowledgeSessionEvents({ group, cursor }) {
      await watch.acknowledge(group, cursor);
      return {};
    },
  };
}
