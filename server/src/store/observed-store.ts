import { SessionError } from '../session/errors';
import type { SessionStore } from '../session/session-store';

export type StoreCommand = 'create' | 'load' | 'update' | 'delete';

export interface StoreObserver {
  /** @returns what to call when the store has answered, with the reason when it failed. */
  storeCommand(command: StoreCommand): (errorReason?: string) => void;
}

/** The same store, with every command reported. */
export function observeStore(store: SessionStore, observer: StoreObserver): SessionStore {
  const observed = <T>(command: StoreCommand, run: () => Promise<T>): Promise<T> => {
    const answered = observer.storeCommand(command);
    return run().then(
      (result) => {
        answered();
        return result;
      },
      (error: unknown) => {
        answered(error instanceof SessionError ? error.reason : 'INTERNAL');
        throw error;
      },
    );
  };
  return {
    create: (session) => observed('create', () => store.create(session)),
    load: (ref) => observed('load', () => store.load(ref)),
    update: (ref, change) => observed('update', () => store.update(ref, change)),
    delete: (ref) => observed('delete', () => store.delete(ref)),
    get ready() {
      return store.ready;
    },
    close: () => store.close(),
  };
}
