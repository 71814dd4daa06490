import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Tracer } from '@opentelemetry/api';
import { ATTR_DB_OPERATION_NAME, ATTR_DB_SYSTEM_NAME, ATTR_ERROR_TYPE } from '@opentelemetry/semantic-conventions';
import { SessionError } from '../session/errors';
import type { SessionStore } from '../session/session-store';
import type { StoreCommand } from '../store/instrumented-store';
import type { NearCacheObserver } from '../store/redis/near-cache/near-cache';
import type { ActiveCall } from './active-call';
import { ATTR_NEAR_CACHE } from './attributes';

interface Parts {
  readonly tracer: Tracer;
  readonly activeCall: ActiveCall;
}

/** The same store, which is Redis, with a span for every command of a traced call. */
export function traceStore(store: SessionStore, { tracer, activeCall }: Parts): SessionStore {
  const traced = async <T>(command: StoreCommand, run: () => Promise<T>): Promise<T> => {
    const call = activeCall.get();
    if (call?.span.isRecording() !== true) return run();
    const attributes = { [ATTR_DB_SYSTEM_NAME]: 'redis', [ATTR_DB_OPERATION_NAME]: command };
    const span = tracer.startSpan(
      command,
      { kind: SpanKind.CLIENT, attributes },
      trace.setSpan(ROOT_CONTEXT, call.span),
    );
    try {
      return await run();
    } catch (error) {
      // Only the reason: the error itself may repeat the command.
      span.setAttribute(ATTR_ERROR_TYPE, error instanceof SessionError ? error.reason : 'INTERNAL');
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      // With a hit, Redis was not used. A span that is not ended is not exported.
      if (call.nearCacheHit !== true) span.end();
    }
  };
  return {
    create: (session, deadline) => traced('create', () => store.create(session, deadline)),
    load: (ref, deadline) => traced('load', () => store.load(ref, deadline)),
    validate: (ref, held, deadline) => traced('load', () => store.validate(ref, held, deadline)),
    update: (ref, change, deadline) => traced('update', () => store.update(ref, change, deadline)),
    acquire: (ref, request, deadline) => traced('acquire', () => store.acquire(ref, request, deadline)),
    release: (ref, fence, deadline) => traced('release', () => store.release(ref, fence, deadline)),
    delete: (ref, deadline) => traced('delete', () => store.delete(ref, deadline)),
    listSubject: (subject, page, deadline) => traced('list_subject', () => store.listSubject(subject, page, deadline)),
    deleteSubject: (subject, selection, deadline) =>
      traced('delete_subject', () => store.deleteSubject(subject, selection, deadline)),
    get ready() {
      return store.ready;
    },
    changes: store.changes,
    get parts() {
      return store.parts;
    },
    close: () => store.close(),
  };
}

/** The same observer; the span of a call also records whether the near cache had its session. */
export function traceNearCache(observer: NearCacheObserver, activeCall: ActiveCall): NearCacheObserver {
  return {
    nearCacheRead: (hit) => {
      observer.nearCacheRead(hit);
      const call = activeCall.get();
      if (call === undefined) return;
      call.nearCacheHit = hit;
      call.span.setAttribute(ATTR_NEAR_CACHE, hit ? 'hit' : 'miss');
    },
    setNearCacheReady: (ready) => observer.setNearCacheReady(ready),
  };
}
