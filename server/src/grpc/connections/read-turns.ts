import type { Socket } from 'node:net';
import { turnSliceMs } from '../budgets/turn-budget';

/** A connection that opens more streams than this in a turn, or is new, counts as one that opens many. */
const burstStreams = 16;

/** How long that applies, in ms. */
const burstMemoryMs = 1000;

/** How many connections resume in every other turn. The first that opens many streams makes the others wait again. */
const resumedPerTurn = 2;

/** The state of reading a connection. */
export class Reading {
  /** When it stops counting as one that opens many streams, by `performance.now()`. */
  burstsUntil = performance.now() + burstMemoryMs;
  turn = 0;
  streamsInTurn = 0;
  isStopped = false;
  /** When it was stopped; kept until it has been read again. */
  stoppedAt: number | undefined;

  constructor(readonly socket: Socket) {}

  /** How long data that is read now may have waited, in ms. */
  waitMs(now: number): number {
    return this.stoppedAt === undefined ? 0 : now - this.stoppedAt;
  }
}

/**
 * Opening or closing a stream takes up to 0.1 ms, and a few kilobytes can open a hundred. Once this has taken too long in one turn
 * of the event loop, connections that open many are not read in this turn, and then a few in every other, so that other connections
 * wait for a few of them only.
 */
export class ReadTurns {
  readonly #readings: () => Iterable<Reading>;
  readonly #mayResume: () => boolean;
  /** Stopped connections, in the order in which they resume. */
  #queue: Reading[] = [];
  #resumed: Reading[] = [];
  #turn = 0;
  /** When the turn should end, by `performance.now()`; Infinity: it has not started. */
  #endsAt = Infinity;
  #isSpent = false;

  /**
   * @param readings of all HTTP/2 connections
   * @param mayResume whether all open streams are being served: further ones would only wait
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

  /** Closing takes time, too, and a client can close many streams at once. */
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

  /** Resumed sockets are read before the end of the next turn. */
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

/** Through the handle, because `socket.pause()` has no effect once HTTP/2 reads it natively. @returns whether the socket is open */
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
