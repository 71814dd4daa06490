import type { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import type { SessionManager } from '../session/session-manager';
import { toDate, toIdleTimeout, toOperations, toResults, toSessionMessage } from './messages';

type Methods = SessionServiceDefinition['methods'];
/** Every RPC with one request and one response; Pipeline carries these. */
export type MethodName = Exclude<keyof Methods, 'pipeline'>;
type MessageOf<T> = T extends { decode(...args: never): infer M } ? M : never;
export type RequestOf<M extends MethodName> = MessageOf<Methods[M]['requestType']>;
export type ResponseOf<M extends MethodName> = MessageOf<Methods[M]['responseType']>;

export type Handlers = { readonly [M in MethodName]: (request: RequestOf<M>) => Promise<ResponseOf<M>> };

/** Each RPC as decode, call, encode. Whatever transport a request came by, it ends here. */
export function createHandlers(manager: SessionManager): Handlers {
  return {
    async createSession({ mutations, idleExpiry, subject }) {
      const operations = toOperations(mutations);
      const created = await manager.create({ operations, idleTimeout: toIdleTimeout(idleExpiry), subject });
      const { token, session, results } = created;
      return { token, session: toSessionMessage(session), results: toResults(results) };
    },

    async getSession({ token }) {
      return { session: toSessionMessage(await manager.get(token)) };
    },

    async updateSession({ token, mutations, ifVersion, idleExpiry, subject }) {
      const operations = toOperations(mutations);
      const idleTimeout = toIdleTimeout(idleExpiry);
      const { session, results } = await manager.update(token, { operations, ifVersion, idleTimeout, subject });
      return { version: session.version, expires: toDate(session.expires), results: toResults(results) };
    },

    async regenerateSession(request) {
      const operations = toOperations(request.mutations);
      const regenerated = await manager.regenerate(request.token, { operations, subject: request.subject });
      const { token, csrfToken, session, results } = regenerated;
      const { version, expires } = session;
      return { token, csrfToken, version, expires: toDate(expires), results: toResults(results) };
    },

    async invalidateSession({ token }) {
      await manager.invalidate(token);
      return {};
    },

    async pushFlash({ token, ...message }) {
      return { applied: await manager.pushFlash(token, message) };
    },

    async popFlash({ token, queue }) {
      return { messages: [...(await manager.popFlash(token, queue))] };
    },

    async peekFlash({ token, queue }) {
      return { messages: [...(await manager.peekFlash(token, queue))] };
    },

    async getCsrfToken({ token }) {
      return { csrfToken: await manager.csrfToken(token) };
    },

    async newCsrfToken({ token }) {
      return { csrfToken: await manager.newCsrfToken(token) };
    },

    async checkCsrfToken({ token, csrfToken }) {
      return { valid: await manager.checkCsrfToken(token, csrfToken) };
    },
  };
}
