import type { Mutation, MutationResult } from '@session-sidecar/proto/session/v1/session';
import { EncodedValue } from '../transport/encoded-value';
import type { ValueCodec } from './codec';
import { KeptValue } from './kept-value';
import { assertName } from './names';
import { PendingWrites } from './pending-writes';
import type { CapturedMutations, PendingWrite, SaveKind } from './pending-writes';

/** A value as the application sees it. */
interface Slot {
  /** What the sidecar has, as far as is known; `undefined`: it was never sent. */
  stored: EncodedValue | undefined;
  /** Decoded once and returned to every reader, so that changes in place can be detected. */
  decoded: { readonly value: unknown } | undefined;
}

/** A session's keys and values: as loaded, with the pending writes applied. */
export class SessionData {
  readonly #codec: ValueCodec;
  readonly #slots = new Map<string, Slot>();
  readonly #writes: PendingWrites;

  constructor(codec: ValueCodec, data: ReadonlyMap<string, EncodedValue> = new Map()) {
    this.#codec = codec;
    this.#writes = new PendingWrites(() => data.keys());
    for (const [key, stored] of data) this.#slots.set(key, { stored, decoded: undefined });
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

  /** What the sidecar has at a key, as far as is known. */
  stored(key: string): EncodedValue | undefined {
    return this.#slots.get(key)?.stored;
  }

  set(key: string, value: unknown): void {
    assertName('the key', key);
    this.#codec.check(value, key);
    this.#write(key, value, { kind: 'set' });
  }

  update(entries: readonly (readonly [key: string, value: unknown])[]): void {
    for (const [key, value] of entries) {
      assertName('the key', key);
      this.#codec.check(value, key);
    }
    for (const [key, value] of entries) this.#write(key, value, { kind: 'set' });
  }

  setDefault(key: string, value: unknown): unknown {
    assertName('the key', key);
    if (this.#slots.has(key)) return this.get(key);
    const offered = this.#codec.encode(value, key);
    // Where this session itself has removed the key, a value that another request stores must not win.
    this.#write(key, value, this.#writes.affects(key) ? { kind: 'set' } : { kind: 'set_if_absent', offered });
    return value;
  }

  delete(key: string): boolean {
    if (!this.#slots.delete(key)) return false;
    this.#writes.delete(key);
    return true;
  }

  clear(): void {
    this.#slots.clear();
    this.#writes.clear();
  }

  /** Writes to another session what was written to this one and not saved. What was changed inside a loaded value is not among it. */
  copyWrites(to: SessionData): void {
    for (const [key, write] of this.#writes) {
      const slot = this.#slots.get(key);
      if (slot?.decoded !== undefined && slot.stored === undefined) to.#write(key, slot.decoded.value, write);
    }
  }

  /** Makes the next save send a key even if its value is unchanged. */
  markChanged(key: string): void {
    if (this.#slots.has(key)) this.#writes.record(key, { kind: 'set' });
  }

  /** Whether the value at a key differs from the one loaded or last saved. */
  isChanged(key: string): boolean {
    if (this.#writes.affects(key)) return true;
    const slot = this.#slots.get(key);
    return slot !== undefined && this.#changedInside(slot, key) !== undefined;
  }

  hasChanges(save: SaveKind): boolean {
    if (!this.#writes.areEmptyFor(save)) return true;
    for (const key of this.#slots.keys()) if (this.isChanged(key)) return true;
    return false;
  }

  /** Encodes the changes. Writes made after this call are left for the next one. */
  capture(save: SaveKind): CapturedMutations {
    const mutations: Mutation[] = [];
    const done: ((result: MutationResult | undefined) => void)[] = [];
    const add = (kind: Mutation['kind'], whenDone: (result: MutationResult | undefined) => void) => {
      mutations.push({ kind });
      done.push(whenDone);
    };

    if (save === 'create') this.#writes.forgetRemovals();
    const { cleared } = this.#writes;
    if (cleared !== undefined) add({ $case: 'clear', value: {} }, () => this.#writes.settleClear(cleared));
    for (const [key, write] of this.#writes) {
      if (write.kind === 'delete') {
        add({ $case: 'delete', value: { key } }, () => this.#writes.settle(key, write));
        continue;
      }
      const slot = this.#slots.get(key)!;
      const value = slot.decoded ? this.#codec.encode(slot.decoded.value, key) : slot.stored!.bytes;
      const isDefault = write.kind === 'set_if_absent' && value.equals(write.offered);
      add({ $case: isDefault ? 'setIfAbsent' : 'set', value: { key, value } }, (result) => {
        this.#writes.settle(key, write);
        slot.stored = new EncodedValue(value);
        const found = isDefault && result?.applied === false ? result.value : undefined;
        if (found && this.#slots.get(key) === slot)
          this.#slots.set(key, { stored: new EncodedValue(found), decoded: undefined });
      });
    }
    for (const [key, slot] of this.#slots) {
      if (this.#writes.has(key)) continue;
      const value = this.#changedInside(slot, key);
      if (value !== undefined)
        add({ $case: 'set', value: { key, value } }, () => void (slot.stored = new EncodedValue(value)));
    }

    for (const { kind } of mutations) {
      if (kind?.$case === 'set' || kind?.$case === 'setIfAbsent') this.#writes.markMaybeStored(kind.value.key);
    }
    return {
      mutations,
      settle: (results) => done.forEach((whenDone, index) => whenDone(results[index])),
    };
  }

  /** Replaces the value at a key with the one that the sidecar is known to have. */
  adopt(key: string, bytes: Buffer): void {
    this.#slots.set(key, { stored: new EncodedValue(bytes), decoded: undefined });
    this.#writes.markMaybeStored(key);
  }

  #write(key: string, value: unknown, write: PendingWrite): void {
    this.#slots.set(key, { stored: undefined, decoded: { value } });
    this.#writes.record(key, write);
  }

  #valueOf(slot: Slot, key: string): unknown {
    slot.decoded ??= { value: this.#decode(slot.stored!, key) };
    return slot.decoded.value;
  }

  #decode(stored: EncodedValue, key: string): unknown {
    return stored instanceof KeptValue ? stored.decode(this.#codec, key) : this.#codec.decode(stored, key);
  }

  /** The new encoding of a value that was changed in place; `undefined` if it was not. */
  #changedInside({ stored, decoded }: Slot, key: string): Buffer | undefined {
    if (stored === undefined || decoded === undefined) return undefined;
    if (typeof decoded.value !== 'object' || decoded.value === null) return undefined;
    const now = this.#codec.encode(decoded.value, key);
    if (stored.equals(now)) return undefined;
    // Another language may have encoded the same value with different white space or escapes.
    if (now.equals(this.#codec.encode(this.#codec.decode(stored, key), key))) return undefined;
    this.#codec.decodeExactly(stored, key);
    return now;
  }
}
