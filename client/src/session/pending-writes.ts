import type { MutationResult, Mutation } from '@session-sidecar/proto/session/v1/session';

/** What a save does. Creating a session removes nothing, because nothing is stored yet. */
export type SaveKind = 'create' | 'update' | 'regenerate';

/** Mutations that are ready to be sent, and what to do once the sidecar has applied them. */
export interface CapturedMutations {
  readonly mutations: readonly Mutation[];
  /** To be called only after success: until then everything stays recorded, for the next save. */
  settle(results: readonly MutationResult[]): void;
}

export type PendingWrite =
  | { readonly kind: 'set' }
  /** `offered` is the encoded default. Once the value differs from it, it is an ordinary write. */
  | { readonly kind: 'set_if_absent'; readonly offered: Buffer }
  | { readonly kind: 'delete' };

/** The writes to a session's keys since its last save. A later write of a key replaces an earlier one. */
export class PendingWrites {
  readonly #writes = new Map<string, PendingWrite>();
  readonly #loadedKeys: () => Iterable<string>;
  #maybeStoredKeys: Set<string> | undefined;
  /** A new object for each clear(), so that a save can tell whether clear() was called again meanwhile. */
  #cleared: object | undefined;

  /** @param loadedKeys is called if the session is written to, which most are not */
  constructor(loadedKeys: () => Iterable<string>) {
    this.#loadedKeys = loadedKeys;
  }

  /** Keys that the sidecar has, or may have because a write was sent: removing one of them has to be sent too. */
  get #maybeStored(): Set<string> {
    return (this.#maybeStoredKeys ??= new Set(this.#loadedKeys()));
  }

  get cleared(): object | undefined {
    return this.#cleared;
  }

  [Symbol.iterator](): IterableIterator<[key: string, write: PendingWrite]> {
    return this.#writes.entries();
  }

  /** Whether there is a write of this very key. */
  has(key: string): boolean {
    return this.#writes.has(key);
  }

  /** Whether this session has written or removed what was stored at a key. */
  affects(key: string): boolean {
    return this.#cleared !== undefined || this.#writes.has(key);
  }

  areEmptyFor(save: SaveKind): boolean {
    if (save !== 'create') return this.#cleared === undefined && this.#writes.size === 0;
    for (const { kind } of this.#writes.values()) if (kind !== 'delete') return false;
    return true;
  }

  record(key: string, write: PendingWrite): void {
    this.#writes.set(key, write);
  }

  delete(key: string): void {
    if (this.#maybeStored.has(key) && this.#cleared === undefined) this.#writes.set(key, { kind: 'delete' });
    else this.#writes.delete(key);
  }

  clear(): void {
    this.#writes.clear();
    this.#cleared = {};
  }

  forgetRemovals(): void {
    this.#cleared = undefined;
    for (const [key, { kind }] of this.#writes) if (kind === 'delete') this.#writes.delete(key);
  }

  /** From now on the sidecar may have a key, whether or not the reply arrives. */
  markMaybeStored(key: string): void {
    this.#maybeStored.add(key);
  }

  /** A captured write was applied. Keeps what was written to the key since. */
  settle(key: string, write: PendingWrite): void {
    if (this.#writes.get(key) !== write) return;
    this.#writes.delete(key);
    if (write.kind === 'delete') this.#maybeStored.delete(key);
  }

  /** A captured clear() was applied. */
  settleClear(cleared: object): void {
    if (this.#cleared === cleared) this.#cleared = undefined;
  }
}
