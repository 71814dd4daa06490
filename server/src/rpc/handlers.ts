import type { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import type { SessionWatch } from './watch/session-watch';
import type { SessionManager } from '../session/session-manager';
import type { SubjectManager } from '../session/subject-manager';
import { copyAfterUpdate, toGetResponse } from './copies';
import type { CopyObserver } from './copies';
import {
  toDate,
  toIdleTimeout,
  toMilliseconds,
  toMutations,
  toResults,
  toSessionMessage,
  toSubjectSession,
} from './messages';

type Methods = SessionServiceDefinition['methods'];
/** Every RPC with one request and one response; Pipeline carries these. */
export type MethodName = Exclude<keyof Methods, 'pipeline' | 'watchSessions'>;
type MessageOf<T> = T extends { decode(...args: never): infer M } ? M : never;
export type RequestOf<M extends MethodName> = MessageOf<Methods[M]['requestType']>;
export type ResponseOf<M extends MethodName> = MessageOf<Methods[M]['responseType']>;

/** @param deadline when the caller stops waiting, by `performance.now()` */
type Handler<M extends MethodName> = (request: RequestOf<M>, deadline: number) => Promise<ResponseOf<M>>;

export type Handlers = { readonly [M in MethodName]: Handler<M> };

export interface HandlerParts {
  readonly manager: SessionManager;
  readonly subjects: SubjectManager;
  readonly watch: SessionWatch;
  readonly observer: CopyObserver;
}

/** The handler of each RPC, for every transport: maps the message, calls a manager, maps the result. */
export function createHandlers({ manager, subjects, watch, observer }: HandlerParts): Handlers {
  return {
    async createSession({ mutations, idleExpiry, subject, label, id }, deadline) {
      const session = { mutations: toMutations(mutations), idleTimeout: toIdleTimeout(idleExpiry), subject, label, id };
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

    async updateSession({ token, mutations, ifVersion, fence, idleExpiry, subject, label, etag }, deadline) {
      const idleTimeout = toIdleTimeout(idleExpiry);
      const update = { mutations: toMutations(mutations), ifVersion, fence, idleTimeout, subject, label };
      const updated = await manager.update(token, update, deadline);
      const { version, expires } = updated.session;
      const results = toResults(updated.results);
      return { version, expires: toDate(expires), results, ...copyAfterUpdate(updated, etag) };
    },

    async regenerateSession(request, deadline) {
      const { subject, label, fence } = request;
      const grace = request.grace && toMilliseconds(request.grace);
      const change = { mutations: toMutations(request.mutations), subject, label, fence, grace };
      const regenerated = await manager.regenerate(request.token, change, deadline);
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
      const { messages, version } = await manager.popFlash(token, queue, deadline);
      return { messages: [...messages], version };
    },

    async peekFlash({ token, queue }, deadline) {
      return { messages: [...(await manager.peekFlash(token, queue, deadline))] };
    },

    async getCsrfToken({ token }, deadline) {
      return { csrfToken: await manager.csrfToken(token, deadline) };
    },

    async newCsrfToken({ token }, deadline) {
      return manager.newCsrfToken(token, deadline);
    },

    async checkCsrfToken({ token, csrfToken }, deadline) {
      return { valid: await manager.checkCsrfToken(token, csrfToken, deadline) };
    },

    async acquireLease({ token, duration, holder }, deadline) {
      const request = { duration: duration && toMilliseconds(duration), holder };
      const { lease, session } = await manager.acquireLease(token, request, deadline);
      return { fence: lease.fence, expires: toDate(lease.expires), session: toSessionMessage(session) };
    },

    async releaseLease({ token, fence }, deadline) {
      return { released: await manager.releaseLease(token, fence, deadline) };
    },

    async listSubjectSessions(request, deadline) {
      const { sessions, nextPageToken } = await subjects.list(request, deadline);
      return { sessions: sessions.map(toSubjectSession), nextPageToken };
    },

    async invalidateSubjectSessions(request, deadline) {
      return { endedCount: await subjects.invalidate(request, deadline) };
    },

    async acknowledgeSessionEvents({ group, cursor }) {
      await watch.acknowledge(group, cursor);
      return {};
    },
  };
}
