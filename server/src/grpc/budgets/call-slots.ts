/** Size of the reserve, relative to all slots. */
const reserveRatio = 1 / 8;

/** Connections that hold a smaller share of all slots than this may use the reserve. */
const smallShareRatio = 1 / 256;

/**
 * This many calls start whenever there is a slot. Further ones start this many per turn of the event loop: a store in memory
 * answers calls that start together before the size of any reply is known.
 */
const perTurn = 64;

/** The slots that one connection holds. */
export interface Seats {
  /** Number of slots it holds. */
  inFlight: number;
}

/** A queue of calls that wait for slots: those of one stream, or the unary ones of one connection. */
export interface Lane {
  readonly seats: Seats;
  /** Starts its oldest call if that may start, through {@link CallSlots.acquire}; and queues up for the next. */
  startNext(): void;
}

/**
 * A semaphore for all calls in flight. When no slot is free, connections get the next one in turn, and so do the lanes of a
 * connection. A reserve is kept for connections that hold few slots, so that a client with a single call does not wait for
 * another client's thousands.
 */
export class CallSlots {
  readonly #limit: number;
  readonly #limitWithReserve: number;
  readonly #smallShare: number;
  readonly #waiting = new Map<Seats, Set<Lane>>();
  #inFlight = 0;
  #isWaking = false;
  #leftInTurn = perTurn;

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
    if (!this.#hasRoom(seats)) return false;
    if (this.#inFlight >= perTurn) this.#useTurn();
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

  /** The first queued lane that may have a slot; its connection goes last. */
  #next(): Lane | undefined {
    for (const [seats, lanes] of this.#waiting) {
      if (!this.#hasRoom(seats)) continue;
      this.#waiting.delete(seats);
      const [lane] = lanes;
      if (lane === undefined) continue;
      lanes.delete(lane);
      if (lanes.size > 0) this.#waiting.set(seats, lanes);
      return lane;
    }
    return undefined;
  }

  #useTurn(): void {
    if (this.#leftInTurn === perTurn) {
      setImmediate(() => {
        this.#leftInTurn = perTurn;
        this.#wake();
      });
    }
    this.#leftInTurn -= 1;
  }

  #hasRoom(seats: Seats): boolean {
    if (this.#inFlight >= perTurn && this.#leftInTurn === 0) return false;
    if (this.#inFlight < this.#limit) return true;
    return seats.inFlight < this.#smallShare && this.#inFlight < this.#limitWithReserve;
  }
}
