import { TurnBudget } from './turn-budget';

/** Size of the reserve, relative to all slots. */
const reserveRatio = 1 / 8;

/** Connections that hold a smaller share of all slots than this may use the reserve. */
const smallShareRatio = 1 / 256;

/**
 * Maximum number of calls that start in one turn of the event loop: the memory store answers calls that start together before the
 * size of any reply is known. Connections that hold a small share of the slots may start as many again.
 */
const callsPerTurn = 64;

/** Cost of a reply, in ms per byte: reading it from a store, encoding and sending it. 10 KB take as long as a call. */
const replyMsPerByte = 1e-5;

/** What one connection holds. */
export interface Seats {
  /** Number of slots it holds. */
  inFlight: number;
  /** Its finish tag: the time, in ms, that its calls took, starting from where the others were when it began. */
  finishTag: number;
  /** Its lanes that wait for slots, in turn. */
  readonly lanes: Lane[];
}

/** A queue of calls that wait for slots: those of one stream, or the unary ones of one connection. */
export interface Lane {
  readonly seats: Seats;
  /** Starts its oldest call, if {@link CallSlots.acquire} allows, and queues for the next. */
  startNext(): void;
}

/**
 * A semaphore for all calls in flight. When calls wait, the next to start belongs to the connection whose calls have taken the
 * least time, by start-time fair queueing (Goyal, Vin and Cheng, 1996): large requests and replies mostly delay their own
 * connection. The lanes of a connection get slots in turn. A reserve is kept for connections that hold few slots, so that a client
 * with a single call does not wait for another client's thousands.
 */
export class CallSlots {
  readonly #limit: number;
  readonly #limitWithReserve: number;
  readonly #smallShare: number;
  /** Those that have waiting lanes. */
  readonly #waiting: Seats[] = [];
  readonly #turn = new TurnBudget(() => this.#wake());
  #inFlight = 0;
  #isWaking = false;
  /** The start tag of the call that started last, in ms. */
  #virtualTime = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#limitWithReserve = limit + Math.ceil(limit * reserveRatio);
    this.#smallShare = Math.ceil(limit * smallShareRatio);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Takes a slot for a call, if one is free. */
  acquire({ seats }: Lane): boolean {
    if (this.#turn.isSpent || !this.#hasRoom(seats)) return false;
    this.#turn.use();
    this.#inFlight += 1;
    seats.inFlight += 1;
    return true;
  }

  /**
   * Returns a slot and hands out what is free. Not re-entrant: the loop in progress sees the slot.
   *
   * @param replyBytes bytes of the reply, which is to be sent
   */
  release({ seats }: Lane, replyBytes: number): void {
    this.#inFlight -= 1;
    seats.inFlight -= 1;
    seats.finishTag += replyBytes * replyMsPerByte;
    if (this.#waiting.length > 0) this.#wake();
  }

  /** Starts a call that has a slot, and charges its time to its connection. */
  start({ seats }: Lane, call: () => void): void {
    this.#virtualTime = Math.max(this.#virtualTime, seats.finishTag);
    const startTag = this.#virtualTime;
    const began = performance.now();
    call();
    seats.finishTag = startTag + performance.now() - began;
  }

  /** Puts a lane last in the queue, unless it is queued. */
  wait(lane: Lane): void {
    const { seats } = lane;
    const { lanes } = seats;
    if (lanes.includes(lane)) return;
    lanes.push(lane);
    if (lanes.length > 1) return;
    // Time that it did not use while idle is not credited.
    seats.finishTag = Math.max(seats.finishTag, this.#virtualTime);
    this.#waiting.push(seats);
  }

  forget(lane: Lane): void {
    const { lanes } = lane.seats;
    if (remove(lanes, lane) && lanes.length === 0) remove(this.#waiting, lane.seats);
  }

  #wake(): void {
    if (this.#isWaking) return;
    this.#isWaking = true;
    for (let lane = this.#next(); lane !== undefined; lane = this.#next()) lane.startNext();
    this.#isWaking = false;
  }

  /** The first lane of the next connection. */
  #next(): Lane | undefined {
    if (this.#turn.isSpent) return undefined;
    let next: Seats | undefined;
    for (const seats of this.#waiting) {
      if (this.#hasRoom(seats) && (next === undefined || seats.finishTag < next.finishTag)) next = seats;
    }
    if (next === undefined) return undefined;
    const lane = next.lanes.shift();
    remove(this.#waiting, next);
    if (next.lanes.length > 0) this.#waiting.push(next);
    return lane;
  }

  #hasRoom(seats: Seats): boolean {
    const isSmall = seats.inFlight < this.#smallShare;
    if (this.#turn.started >= (isSmall ? 2 * callsPerTurn : callsPerTurn)) return false;
    return this.#inFlight < (isSmall ? this.#limitWithReserve : this.#limit);
  }
}

/** Arrays, because Maps and Sets that constantly change leave garbage in the old generation (docs/decisions/0080-young-garbage.md). */
function remove<Item>(items: Item[], item: Item): boolean {
  const at = items.indexOf(item);
  if (at >= 0) items.splice(at, 1);
  return at >= 0;
}
