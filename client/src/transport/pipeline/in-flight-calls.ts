export interface TimedCall {
  /** By `performance.now()`. */
  readonly deadline: number;
}

/** An id has the slot in its low bits, and in the others how often the slot was used before. */
const slotBits = 20;
const slotMask = 2 ** slotBits - 1;
const maxUses = 2 ** (32 - slotBits);

/**
 * The calls in flight, by a 32-bit id that is not reused soon.
 *
 * Slots instead of a Map: with constant insertion and removal, a Map leaves tables in the old generation of the heap that keep
 * each call alive until a major garbage collection, which took 25 % of the CPU time. One timer for all calls, because a timer
 * for each takes 10 % of the time of a call. It keeps the process alive while there are calls.
 */
export class InFlightCalls<Call extends TimedCall> {
  readonly #onOverdue: (call: Call) => void;
  readonly #slots: (Call | undefined)[] = [];
  readonly #uses: number[] = [];
  readonly #free: number[] = [];
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires: at or before the earliest deadline. */
  #nextCheck = Infinity;

  /** @param onOverdue called with each call that reaches its deadline, and must end it */
  constructor(onOverdue: (call: Call) => void) {
    this.#onOverdue = onOverdue;
  }

  get size(): number {
    return this.#size;
  }

  /** Reserves an id for a call that is about to be added. */
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

  /** Has no effect if the call was deleted before. */
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
    // Node.js warns about negative delays.
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
