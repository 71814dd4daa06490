import { SessionError } from '../session/errors';
import type { SessionStore } from '../session/session-store';

export type StoreCommand =
  | 'create'
  | 'load'
  | 'update'
  | 'acquire'
  | 'release'
  | 'delete'
  | 'list_subject'
  | 'delete_subject';

export interface StoreObserver {
  /** @param errorReason why it failed, if it did */
  storeAnswered(command: StoreCommand, milliseconds: number, errorReason?: string): void;
}

/** The same store, with every command reported. */
export function instrumentStore(store: SessionStore, observer: StoreObserver): SessionStore {
  const observed = async <T>(command: StoreCommand, run: () => Promise<T>): Promise<T> => {
    const requestedAt = performance.now();
    try {
      const result = await run();
      observer.storeAnswered(command, performance.now() - requestedAt);
      return result;
    } catch (error) {
      const reason = error instanceof SessionError ? error.reason : 'INTERNAL';
      observer.storeAnswered(command, performance.now() - requestedAt, reason);
      throw error;
    }
  };
  return {
    create: (session, deadline) => observed('create', () => store.create(session, deadline)),
    load: (ref, deadline) => observed('load', () => store.load(ref, deadline)),
    validate: (ref, held, deadline) => observed('load', () => store.validate(ref, held, deadline)),
    update: (ref, change, deadline) => observed('update', () => store.update(ref, change, deadline)),
    acquire: (ref, request, deadline) => observed('acquire', () => store.acquire(ref, request, deadline)),
    release: (ref, fence, deadline) => observed('release', () => store.release(ref, fence, deadline)),
    delete: (ref, deadline) => observed('delete', () => store.delete(ref, deadline)),
    listSubject: (subject, page, deadline) =>
      observed('list_subject', () => store.listSubject(subject, page, deadline)),
    deleteSubject: (subject, selection, deadline) =>
      observed('delete_subject', () => store.deleteSubject(subject, selection, deadline)),
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
