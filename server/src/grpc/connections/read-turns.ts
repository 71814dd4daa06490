import type { Socket } from 'node:net';
import { turnSliceMs } from '../budgets/turn-budget';

/** A connection that opens more streams than this in a turn opens many, and so may a new one. */
const burstStreams = 16;

/** For how long that is assumed, in ms. */
const burstMemoryMs = 1000;

/** How many connections are read again in every other turn. The first that opens many streams makes the others wait on. */
const resumedPerTurn = 2;

/** How a connection is read. */
export class Reading {
  /** Until when it counts as one that opens many streams, by `performance.now()`. */
  burstsUntil = performance.now() + burstMemoryMs;
  turn = 0;
  streamsInTurn = 0;
  isStopped = false;
  /** Since when it is stopped, or was until it was last read. */
  stoppedAt: number | undefined;

  constructor(readonly socket: Socket) {}

  /** How long what is read now may have waited to be read, in ms. */
  waitMs(now: number): number {
    return this.stoppedAt === undefined ? 0 : now - this.stoppedAt;
  }
}

/**
 * Opening or closing a stream takes up to 0.1 ms, and a few kilobytes do that to a hundred. Once this has taken too long in one
 * turn of the event loop, connections that open many are not read in this turn, and then a few in every other: the others wait
 * for some of them, and not for all.
 */
export class ReadTurns {
  readonly #readings: () => Iterable<Reading>;
  readonly #mayResume: () => boolean;
  /** Those that are stopped, in the order in which they are read again. */
  #queue: Reading[] = [];
  #resumed: Reading[] = [];
  #turn = 0;
  /** When the turn should end, by `performance.now()`; Infinity: it has not begun. */
  #endsAt = Infinity;
  #isSpent = false;

  /**
   * @param readings of all connections of HTTP/2
   * @param mayResume whether all streams that were opened are being served: others would wait, and their requests with them
   */
  constructor(readings: () => Iterable<Reading>, mayResume: () => boolean) {
    this.#readings = readings;
    this.#mayResume = mayResume;
  }

  streamOpened(reading: Reading, now: number): void {
    this.#begin(now);
    if (reading.turn !== this.#turn) {
      reading.turn = this.#turn;
      reading.streamsInTurn = 0;
    }
    reading.streamsInTurn += 1;
    if (reading.streamsInTurn > burstStreams) reading.burstsUntil = now + burstMemoryMs;
    this.#stopWhenSpent(now);
  }

  /** That takes time too, and a client can have it done to many at once. */
  streamClosed(now: number): void {
    this.#begin(now);
    this.#stopWhenSpent(now);
  }

  #begin(now: number): void {
    if (this.#endsAt < Infinity) return;
    this.#turn += 1;
    this.#endsAt = now + turnSliceMs;
    setImmediate(() => this.#end());
  }

  #stopWhenSpent(now: number): void {
    if (now < this.#endsAt || this.#isSpent) return;
    this.#isSpent = true;
    const unread: Reading[] = [];
    const read: Reading[] = [];
    for (const reading of this.#readings()) {
      if (reading.isStopped || reading.burstsUntil < now || !stopReading(reading.socket)) continue;
      reading.isStopped = true;
      reading.stoppedAt ??= now;
      (reading.turn === this.#turn ? read : unread).push(reading);
    }
    this.#queue = [...unread, ...this.#queue, ...read];
  }

  /** The sockets of those that are resumed are read before the end of the next turn. */
  #end(): void {
    for (const reading of this.#resumed) if (!reading.isStopped) reading.stoppedAt = undefined;
    this.#resumed = this.#resumed.length === 0 && this.#mayResume() ? this.#queue.splice(0, resumedPerTurn) : [];
    for (const reading of this.#resumed) {
      reading.isStopped = false;
      resumeReading(reading.socket);
    }
    this.#endsAt = Infinity;
    this.#isSpent = false;
    if (this.#resumed.length > 0 || this.#queue.length > 0) this.#begin(performance.now());
  }
}

interface ReadableHandle {
  readStop(): void;
  readStart(): void;
}

/** Past the socket, whose `pause()` does nothing once HTTP/2 reads it natively. @returns whether it is open */
function stopReading(socket: Socket): boolean {
  const handle = handleOf(socket);
  handle?.readStop();
  return handle !== undefined;
}

function resumeReading(socket: Socket): void {
  handleOf(socket)?.readStart();
}

function handleOf(socket: Socket): ReadableHandle | undefined {
  return (socket as { _handle?: ReadableHandle | null })._handle ?? undefined;
}
