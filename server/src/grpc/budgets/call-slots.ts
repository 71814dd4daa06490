import { TurnBudget } from './turn-budget';

/** Size of the reserve, relative to all slots. */
const reserveRatio = 1 / 8;

/** Connections that hold a smaller share of all slots than this may use the reserve. */
const smallShareRatio = 1 / 256;

/** What one connection has of the process. */
export interface Seats {
  /** Number of slots it holds. */
  inFlight: number;
  /** Its finish tag: the time, in ms, that starting its calls took, counted from where the others were when it began. */
  finishTag: number;
}

/** A queue of calls that wait for slots: those of one stream, or the unary ones of one connection. */
export interface Lane {
  readonly seats: Seats;
  /** Starts its oldest call if that may start, through {@link CallSlots.acquire}; and queues up for the next. */
  startNext(): void;
}

/**
 * A semaphore for all calls in flight. When calls wait, the next to start is one of the connection whose calls have taken the
 * least time to start, by start-time fair queueing (Goyal, Vin and Cheng, 1996): decoding is work, and a connection that sends
 * large requests slows down itself. The lanes of a connection get slots in turn. A reserve is kept for connections that hold few
 * slots, so that a client with a single call does not wait for another client's thousands.
 */
export class CallSlots {
  readonly #limit: number;
  readonly #limitWithReserve: number;
  readonly #smallShare: number;
  readonly #waiting = new Map<Seats, Set<Lane>>();
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

  /** Takes a slot for one call, if one is free. */
  acquire({ seats }: Lane): boolean {
    if (this.#turn.isSpent || !this.#hasRoom(seats)) return false;
    this.#turn.use();
    this.#inFlight += 1;
    seats.inFlight += 1;
    return true;
  }

  /** Returns a slot and hands out what is free. Not re-entrant: the loop in progress sees the slot. */
  release({ seats }: Lane): void {
    this.#inFlight -= 1;
    seats.inFlight -= 1;
    if (this.#waiting.size > 0) this.#wake();
  }

  /** Starts a call that has a slot, at the expense of its connection. */
  start({ seats }: Lane, call: () => void): void {
    this.#virtualTime = Math.max(this.#virtualTime, seats.finishTag);
    const startTag = this.#virtualTime;
    const began = performance.now();
    call();
    seats.finishTag = startTag + performance.now() - began;
  }

  /** Puts a lane last in the queue, unless it is queued. */
  wait(lane: Lane): void {
    const lanes = this.#waiting.get(lane.seats);
    if (lanes === undefined) this.#waiting.set(lane.seats, new Set([lane]));
    else lanes.add(lane);
  }

  forget(lane: Lane): void {
    const lanes = this.#waiting.get(lane.seats);
    lanes?.delete(lane);
    if (lanes?.size === 0) this.#waiting.delete(lane.seats);
  }

  #wake(): void {
    if (this.#isWaking) return;
    this.#isWaking = true;
    for (let lane = this.#next(); lane !== undefined; lane = this.#next()) lane.startNext();
    this.#isWaking = false;
  }

  /** The first lane of the connection whose turn it is. */
  #next(): Lane | undefined {
    if (this.#turn.isSpent) return undefined;
    let next: Seats | undefined;
    for (const seats of this.#waiting.keys()) {
      if (this.#hasRoom(seats) && (next === undefined || seats.finishTag < next.finishTag)) next = seats;
    }
    if (next === undefined) return undefined;
    const lanes = this.#waiting.get(next)!;
    const [lane] = lanes;
    lanes.delete(lane!);
    this.#waiting.delete(next);
    if (lanes.size > 0) this.#waiting.set(next, lanes);
    return lane;
  }

  #hasRoom(seats: Seats): boolean {
    if (this.#inFlight < this.#limit) return true;
    return seats.inFlight < this.#smallShare && this.#inFlight < this.#limitWithReserve;
  }
}
