import type {
  LeaseRequest,
  NewSession,
  SessionRef,
  SessionStore,
  SubjectPageRequest,
  SubjectSelection,
} from '../../session/session-store';
import type { SessionInventory } from '../../session/admin/session-inventory';
import type { SessionUpdate } from '../../session/session-update';
import type { TestControl } from '../../session/test-control';
import { MemoryStore } from './memory-store';
import type { MemoryStoreOptions } from './memory-store';

/**
 * A memory store with a clock that tests move. The memory store itself is the one of production, and is given this clock instead of
 * the real one.
 */
export class ControlledStore implements SessionStore, TestControl {
  readonly #options: MemoryStoreOptions;
  #store: MemoryStore;
  #movedMs = 0;

  /**
   * A client with a cache trusts a copy until a time on its own clock, which does not move. Without reports of changes, it asks the
   * sidecar for each session that it opens, as it does with a Redis Cluster.
   */
  readonly changes = undefined;

  readonly inventory: SessionInventory = {
    estimate: () => this.#store.inventory.estimate(),
    scan: () => this.#store.inventory.scan(),
    inspect: (handle, withData) => this.#store.inventory.inspect(handle, withData),
    revoke: (...asked) => this.#store.inventory.revoke(...asked),
  };

  /** @param options `now` is the real time */
  constructor(options: MemoryStoreOptions) {
    this.#options = { ...options, now: () => options.now() + this.#movedMs };
    this.#store = new MemoryStore(this.#options);
  }

  advance(milliseconds: number): number {
    this.#movedMs += milliseconds;
    return this.#options.now();
  }

  reset(): void {
    void this.#store.close();
    this.#movedMs = 0;
    // Not emptied: a store of its own has a generation of its own, so no copy of an earlier session is taken for one of a later.
    this.#store = new MemoryStore(this.#options);
  }

  get ready() {
    return this.#store.ready;
  }

  get parts() {
    return this.#store.parts;
  }

  create(session: NewSession, deadline?: number) {
    return this.#store.create(session, deadline);
  }

  load(ref: SessionRef, deadline?: number) {
    return this.#store.load(ref, deadline);
  }

  validate(ref: SessionRef, held: Buffer, deadline?: number) {
    return this.#store.validate(ref, held, deadline);
  }

  update(ref: SessionRef, change: SessionUpdate, deadline?: number) {
    return this.#store.update(ref, change, deadline);
  }

  acquire(ref: SessionRef, request: LeaseRequest, deadline?: number) {
    return this.#store.acquire(ref, request, deadline);
  }

  release(ref: SessionRef, fence: number, deadline?: number) {
    return this.#store.release(ref, fence, deadline);
  }

  delete(ref: SessionRef, deadline?: number) {
    return this.#store.delete(ref, deadline);
  }

  listSubject(subject: string, page: SubjectPageRequest, deadline?: number) {
    return this.#store.listSubject(subject, page, deadline);
  }

  deleteSubject(subject: string, selection: SubjectSelection, deadline?: number) {
    return this.#store.deleteSubject(subject, selection, deadline);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
