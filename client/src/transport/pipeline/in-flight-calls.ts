export interface TimedCall {
  /** By `performance.now()`. */
  readonly deadline: number;
}

/** Ids are a slot in the low bits and how often it was used before in the others. */
const slotBits = 20;
const slotMask = 2 ** slotBits - 1;
const maxUses = 2 ** (32 - slotBits);

/**
 * The calls under way, by a 32-bit id that no other call of the last while had.
 *
 * Slots and not a Map, because a Map that calls come into and go from all the time leaves tables behind in the old part of the
 * heap, which keep every call from the cheap part of garbage collection: that took a quarter of the CPU time. And one timer
 * for all calls, because one for each costs a tenth of a call. It keeps the process alive while there are calls.
 */
export class InFlightCalls<Call extends TimedCall> {
  readonly #onOverdue: (call: Call) => void;
  readonly #slots: (Call | undefined)[] = [];
  readonly #uses: number[] = [];
  readonly #free: number[] = [];
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires: not after the first deadline, but possibly before, for a call that has ended meanwhile. */
  #nextCheck = Infinity;

  /** @param onOverdue is called with each call that is there at its deadline, and has to end it. */
  constructor(onOverdue: (call: Call) => void) {
    this.#onOverdue = onOverdue;
  }

  get size(): number {
    return this.#size;
  }

  /** An id for a call that is about to be added. */
  takeId(): number {
    const slot = this.#free.pop() ?? this.#slots.push(undefined) - 1;
    const use = ((this.#uses[slot] ?? 0) + 1) % maxUses;
    this.#uses[slot] = use;
    return use * (slotMask + 1) + slot;
  }

  add(id: number, call: Call): void {
    this.#slots[id & slotMask] = call;
    this.#size += 1;
    if (call.deadline < this.#nextCheck) this.#schedule(call.deadline);
    else if (this.#size === 1) this.#timer?.ref();
  }

  get(id: number): Call | undefined {
    const slot = id & slotMask;
    return this.#uses[slot] === Math.floor(id / (slotMask + 1)) ? this.#slots[slot] : undefined;
  }

  /** Does nothing when the call is not there any more. */
  delete(id: number): void {
    if (this.get(id) === undefined) return;
    const slot = id & slotMask;
    this.#slots[slot] = undefined;
    this.#free.push(slot);
    this.#size -= 1;
    if (this.#size === 0) this.#timer?.unref();
  }

  *[Symbol.iterator](): IterableIterator<Call> {
    for (const call of this.#slots) if (call !== undefined) yield call;
  }

  #schedule(time: number): void {
    clearTimeout(this.#timer);
    this.#nextCheck = time;
    // Node.js warns of a time that has passed meanwhile.
    const milliseconds = Math.max(1, time - performance.now());
    this.#timer = setTimeout(() => {
      this.#check();
    }, milliseconds);
  }

  #check(): void {
    this.#nextCheck = Infinity;
    const now = performance.now();
    let next = Infinity;
    for (const call of this) {
      if (call.deadline > now) next = Math.min(next, call.deadline);
      else this.#onOverdue(call);
    }
    if (next < this.#nextCheck) this.#schedule(next);
  }
}
