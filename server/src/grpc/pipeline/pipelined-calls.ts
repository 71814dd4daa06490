interface Identified {
  /** 32 bits, not negative. */
  readonly id: number;
}

/** A power of two, as all capacities are. */
const firstCapacity = 16;

/** An empty table that is larger gives its memory back. */
const maxEmptyCapacity = 1024;

/** 2 ** 32 divided by the golden ratio: its multiples spread evenly. */
const multiplier = 0x9e3779b1;

/**
 * Calls by id, for as long as they are in flight: a hash table with linear probing (Knuth, The Art of Computer Programming, 6.4,
 * Algorithms L and R). A client may choose ids that all collide: with the 1,300 calls that a stream can have, each then takes twice
 * its time.
 *
 * A Map replaces its table after every few insertions and removals, and each table refers to its successor. Once one is in the old
 * generation of the heap, they all get there, with the calls that they had, and wait for a full garbage collection
 * (docs/decisions/0080-young-garbage.md). This table is written in place.
 */
export class PipelinedCalls<Call extends Identified> {
  #slots: (Call | undefined)[] = emptySlots(firstCapacity);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): Call | undefined {
    return this.#slots[this.#find(id)];
  }

  /** The id must not be that of another call. */
  add(call: Call): void {
    if (2 * (this.#size + 1) > this.#slots.length) this.#grow();
    this.#slots[this.#find(call.id)] = call;
    this.#size += 1;
  }

  /** @returns whether there was such a call */
  delete(id: number): boolean {
    const slots = this.#slots;
    let free = this.#find(id);
    if (slots[free] === undefined) return false;
    slots[free] = undefined;
    this.#size -= 1;
    // Calls behind it move up, unless they would get before the slot that they are searched from.
    for (let at = this.#after(free), call = slots[at]; call !== undefined; at = this.#after(at), call = slots[at]) {
      const distance = this.#between(this.#home(call.id), at);
      if (distance < this.#between(free, at)) continue;
      slots[free] = call;
      slots[at] = undefined;
      free = at;
    }
    if (this.#size === 0 && slots.length > maxEmptyCapacity) this.clear();
    return true;
  }

  clear(): void {
    this.#slots = emptySlots(firstCapacity);
    this.#size = 0;
  }

  /** A copy, in no particular order. */
  values(): Call[] {
    return this.#slots.filter((call) => call !== undefined);
  }

  /** The slot of the call, or the free one that it would get. */
  #find(id: number): number {
    const slots = this.#slots;
    let at = this.#home(id);
    for (let call = slots[at]; call !== undefined && call.id !== id; call = slots[at]) at = this.#after(at);
    return at;
  }

  #home(id: number): number {
    return Math.imul(id, multiplier) >>> (Math.clz32(this.#slots.length) + 1);
  }

  #after(at: number): number {
    return (at + 1) & (this.#slots.length - 1);
  }

  #between(from: number, to: number): number {
    return (to - from) & (this.#slots.length - 1);
  }

  #grow(): void {
    const calls = this.values();
    this.#slots = emptySlots(2 * this.#slots.length);
    for (const call of calls) this.#slots[this.#find(call.id)] = call;
  }
}

function emptySlots(count: number): undefined[] {
  return Array.from({ length: count }, () => undefined);
}
