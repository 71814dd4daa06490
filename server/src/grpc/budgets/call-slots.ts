/** The reserve, as a part of all places. */
const reserveRatio = 1 / 8;

/** Connections that hold a smaller part of all places than this may take from the reserve. */
const smallShareRatio = 1 / 256;

/**
 * So many calls start whenever there is a place. Further ones start this many at a time in each turn of the event loop: calls
 * that start together are answered together by a store in memory, before the size of any reply is known.
 */
const perTurn = 64;

/** One connection, as far as places for calls are concerned. */
export interface Seats {
  /** How many places it holds. */
  inFlight: number;
}

/** Calls that wait in line for places: those of one stream, or the unary ones of one connection. */
export interface Lane {
  readonly seats: Seats;
  /** Starts its oldest call, if it may start at all, by way of {@link CallSlots.acquire}; and gets back in line for the next. */
  startNext(): void;
}

/**
 * The places that all calls in flight share. When all are taken, connections get the next free one in turn, and so do the
 * lanes of a connection. A few more places are kept for connections that hold hardly any, so that a client with a single call
 * does not wait for another's thousands.
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

  /** Takes a place for one call, if there is one. */
  acquire({ seats }: Lane): boolean {
    if (!this.#hasRoom(seats)) return false;
    if (this.#inFlight >= perTurn) this.#useTurn();
    this.#inFlight += 1;
    seats.inFlight += 1;
    return true;
  }

  /** Gives a place back, and hands out what is free, without ever being called again from within. */
  release({ seats }: Lane): void {
    this.#inFlight -= 1;
    seats.inFlight -= 1;
    if (this.#waiting.size > 0) this.#wake();
  }

  /** Puts a lane last in line, unless it is there already. */
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

  /** The first in line that may have a place; its connection goes last. */
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
