import type { Socket } from 'node:net';
import { turnSliceMs } from '../budgets/turn-budget';

/** A connection that opens more streams than this in a turn, or is new, counts as one that opens many. */
const burstStreams = 16;

/** How long that applies, in ms. */
const burstMemoryMs = 1000;

/** One connection resumes in so many turns: calls of others come between. */
const turnsPerConnection = 4;

/**
 * A connection that has waited this long, in ms, is read whatever others send: clients take a longer silence for the end of the
 * sidecar.
 */
const maxWaitMs = 300;

/** How many of those are read in a turn, until they have opened many streams. */
const overduePerTurn = 4;

/** The state of reading a connection. */
export class Reading {
  /** When it stops counting as one that opens many streams, by `performance.now()`. */
  burstsUntil = performance.now() + burstMemoryMs;
  turn = 0;
  streamsInTurn = 0;
  isStopped = false;
  /** When it was stopped; kept until it has been read again. */
  stoppedAt: number | undefined;
  /** When it began to wait for its turn. */
  waitsSince = 0;
  /** It has waited too long, and is read in this turn. */
  isOverdue = false;

  constructor(readonly socket: Socket) {}

  /** How long data that is read now may have waited, in ms. */
  waitMs(now: number): number {
    return this.stoppedAt === undefined ? 0 : now - this.stoppedAt;
  }
}

/**
 * Opening or closing a stream takes up to 0.1 ms, and a few kilobytes can open a hundred. Once this has taken too long in one turn
 * of the event loop, connections that open many are not read in this turn, and then one in a few turns, so that other connections
 * wait for one of them only.
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
  /** How many streams overdue connections have opened in this turn. */
  #overdueStreams = 0;
  #isSpent = false;
  #isSpentForOverdue = false;

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
    if (reading.isOverdue) this.#overdueStreams += 1;
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
    if (now < this.#endsAt) return;
    const isSpentForOverdue = this.#overdueStreams > burstStreams;
    if (this.#isSpent && this.#isSpentForOverdue === isSpentForOverdue) return;
    this.#isSpent = true;
    this.#isSpentForOverdue = isSpentForOverdue;
    const unread: Reading[] = [];
    const read: Reading[] = [];
    for (const reading of this.#readings()) {
      if (reading.isStopped || reading.burstsUntil < now || (reading.isOverdue && !isSpentForOverdue)) continue;
      if (!stopReading(reading.socket)) continue;
      const isRead = reading.turn === this.#turn;
      if (isRead || reading.stoppedAt === undefined) reading.waitsSince = now;
      reading.stoppedAt ??= now;
      reading.isStopped = true;
      (isRead ? read : unread).push(reading);
    }
    this.#queue = [...unread, ...this.#queue, ...read];
  }

  /** Resumed sockets are read before the end of the next turn. */
  #end(): void {
    for (const reading of this.#resumed) {
      if (!reading.isStopped) reading.stoppedAt = undefined;
      reading.isOverdue = false;
    }
    const now = performance.now();
    const overdue = this.#takeOverdue(now);
    const mayResume = overdue.length === 0 && this.#turn % turnsPerConnection === 0 && this.#mayResume();
    this.#resumed = mayResume ? this.#queue.splice(0, 1) : overdue;
    for (const reading of this.#resumed) {
      reading.isStopped = false;
      resumeReading(reading.socket);
    }
    this.#endsAt = Infinity;
    this.#overdueStreams = 0;
    this.#isSpent = false;
    this.#isSpentForOverdue = false;
    if (this.#resumed.length > 0 || this.#queue.length > 0) this.#begin(now);
  }

  #takeOverdue(now: number): Reading[] {
    const timely = this.#queue.findIndex(({ waitsSince }) => now - waitsSince <= maxWaitMs);
    const overdue = this.#queue.splice(0, Math.min(timely === -1 ? Infinity : timely, overduePerTurn));
    for (const reading of overdue) reading.isOverdue = true;
    return overdue;
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
