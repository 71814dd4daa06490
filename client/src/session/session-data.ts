import type { Mutation, MutationResult } from '@session-sidecar/proto/session/v1/session';
import type { ValueCodec } from './codec';

/** A value as the application sees it. */
interface Slot {
  /** What the sidecar holds for this value, as far as is known; `undefined`: it was never sent. */
  stored: Buffer | undefined;
  /** Decoded at the first use and then the same object for every reader, so that changes inside it can be found. */
  decoded: { readonly value: unknown } | undefined;
}

/** What was done to a key since the last save. Later writes of a key replace earlier ones: only the last is sent. */
type Write =
  | { readonly kind: 'set' }
  /** `offered` is the value at that time: changed inside since, it is no longer a default but an ordinary write. */
  | { readonly kind: 'set_if_absent'; readonly offered: Buffer }
  | { readonly kind: 'delete' };

/** Mutations that are ready to be sent, and what to do when the sidecar has applied them. */
export interface CapturedMutations {
  readonly mutations: readonly Mutation[];
  /** To be called after success only: until then everything stays recorded, for the next try. */
  settle(results: readonly MutationResult[]): void;
}

/** The data of one session: the values as loaded, and the writes that were not saved yet. */
export class SessionData {
  readonly #codec: ValueCodec;
  readonly #slots = new Map<string, Slot>();
  readonly #writes = new Map<string, Write>();
  /** Keys that the sidecar has, or may have because a write was sent: removing one of them has to be sent too. */
  readonly #maybeStored = new Set<string>();
  /** A new object for each clear(), so that a save can tell whether it was called again meanwhile. */
  #cleared: object | undefined;

  constructor(codec: ValueCodec, data: ReadonlyMap<string, Buffer> = new Map()) {
    this.#codec = codec;
    for (const [key, stored] of data) {
      this.#slots.set(key, { stored, decoded: undefined });
      this.#maybeStored.add(key);
    }
  }

  get size(): number {
    return this.#slots.size;
  }

  keys(): IterableIterator<string> {
    return this.#slots.keys();
  }

  has(key: string): boolean {
    return this.#slots.has(key);
  }

  get(key: string): unknown {
    const slot = this.#slots.get(key);
    return slot === undefined ? undefined : this.#valueOf(slot, key);
  }

  set(key: string, value: unknown): void {
    assertKey(key);
    this.#codec.check(value, key);
    this.#write(key, value, { kind: 'set' });
  }

  update(entries: readonly (readonly [key: string, value: unknown])[]): void {
    for (const [key, value] of entries) this.#codec.check(value, key);
    for (const [key, value] of entries) this.#write(key, value, { kind: 'set' });
  }

  setDefault(key: string, value: unknown): unknown {
    assertKey(key);
    if (this.#slots.has(key)) return this.get(key);
    const offered = this.#codec.encode(value, key);
    // Where this session itself has removed the key, nothing found there later may win.
    const removed = this.#cleared !== undefined || this.#writes.has(key);
    this.#write(key, value, removed ? { kind: 'set' } : { kind: 'set_if_absent', offered });
    return value;
  }

  delete(key: string): boolean {
    if (!this.#slots.delete(key)) return false;
    if (this.#maybeStored.has(key) && this.#cleared === undefined) this.#writes.set(key, { kind: 'delete' });
    else this.#writes.delete(key);
    return true;
  }

  clear(): void {
    this.#slots.clear();
    this.#writes.clear();
    this.#cleared = {};
  }

  /** Marks a key to be sent by the next save even if its value looks the same. */
  markChanged(key: string): void {
    if (this.#slots.has(key)) this.#writes.set(key, { kind: 'set' });
  }

  /** Whether the application's view of a key differs from what was loaded or saved last. */
  isChanged(key: string): boolean {
    if (this.#cleared !== undefined || this.#writes.has(key)) return true;
    const slot = this.#slots.get(key);
    return slot !== undefined && this.#changedInside(slot, key) !== undefined;
  }

  /** @param isNew whether there is no stored session yet, so that there is nothing to remove. */
  hasChanges(isNew: boolean): boolean {
    if (!isNew && this.#cleared !== undefined) return true;
    for (const { kind } of this.#writes.values()) if (!isNew || kind !== 'delete') return true;
    for (const key of this.#slots.keys()) if (this.isChanged(key)) return true;
    return false;
  }

  /**
   * Encodes what was changed. Writes that are made after this call are not part of it and stay for the next one.
   *
   * @param isNew as for {@link hasChanges}
   */
  capture(isNew: boolean): CapturedMutations {
    const mutations: Mutation[] = [];
    const done: ((result: MutationResult | undefined) => void)[] = [];
    const add = (kind: Mutation['kind'], whenDone: (result: MutationResult | undefined) => void) => {
      mutations.push({ kind });
      done.push(whenDone);
    };

    if (isNew) this.#forgetRemovals();
    const cleared = this.#cleared;
    if (cleared !== undefined) {
      add({ $case: 'clear', value: {} }, () => {
        if (this.#cleared === cleared) this.#cleared = undefined;
      });
    }
    for (const [key, write] of this.#writes) {
      if (write.kind === 'delete') {
        add({ $case: 'delete', value: { key } }, () => this.#settled(key, write));
        continue;
      }
      const slot = this.#slots.get(key)!;
      const value = slot.decoded ? this.#codec.encode(slot.decoded.value, key) : slot.stored!;
      const isDefault = write.kind === 'set_if_absent' && value.equals(write.offered);
      add({ $case: isDefault ? 'setIfAbsent' : 'set', value: { key, value } }, (result) => {
        this.#settled(key, write);
        slot.stored = value;
        const found = isDefault && result?.applied === false ? result.value : undefined;
        if (found && this.#slots.get(key) === slot) this.#slots.set(key, { stored: found, decoded: undefined });
      });
    }
    for (const [key, slot] of this.#slots) {
      if (this.#writes.has(key)) continue;
      const value = this.#changedInside(slot, key);
      if (value !== undefined) add({ $case: 'set', value: { key, value } }, () => void (slot.stored = value));
    }

    // From here on an answer may be lost after the sidecar has stored these.
    for (const { kind } of mutations) {
      if (kind?.$case === 'set' || kind?.$case === 'setIfAbsent') this.#maybeStored.add(kind.value.key);
    }
    return {
      mutations,
      settle: (results) => done.forEach((whenDone, index) => whenDone(results[index])),
    };
  }

  /** Takes over what the sidecar is known to hold at a key. */
  adopt(key: string, stored: Buffer): void {
    this.#slots.set(key, { stored, decoded: undefined });
    this.#maybeStored.add(key);
  }

  #write(key: string, value: unknown, write: Write): void {
    this.#slots.set(key, { stored: undefined, decoded: { value } });
    this.#writes.set(key, write);
  }

  /** Where nothing is stored, nothing has to be removed. */
  #forgetRemovals(): void {
    this.#cleared = undefined;
    for (const [key, { kind }] of this.#writes) if (kind === 'delete') this.#writes.delete(key);
  }

  #settled(key: string, write: Write): void {
    if (this.#writes.get(key) !== write) return;
    this.#writes.delete(key);
    if (write.kind === 'delete') this.#maybeStored.delete(key);
  }

  #valueOf(slot: Slot, key: string): unknown {
    slot.decoded ??= { value: this.#codec.decode(slot.stored!, key) };
    return slot.decoded.value;
  }

  /** The new bytes of a value that was changed in place; `undefined`: it was not. */
  #changedInside({ stored, decoded }: Slot, key: string): Buffer | undefined {
    if (stored === undefined || decoded === undefined) return undefined;
    if (typeof decoded.value !== 'object' || decoded.value === null) return undefined;
    const now = this.#codec.encode(decoded.value, key);
    if (now.equals(stored)) return undefined;
    // Another language may have written the same value with other white space or escapes.
    return now.equals(this.#codec.encode(this.#codec.decode(stored, key), key)) ? undefined : now;
  }
}

function assertKey(key: unknown): asserts key is string {
  if (typeof key !== 'string') {
    throw new TypeError(`Expected the key to be a string, got \`${String(key)}\` (${typeof key})`);
  }
}
