import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

const carriageReturn = 13;
const lineFeed = 10;

/** What is looked at together. What is behind stays with the socket, which reads no more from the kernel meanwhile. */
const pieceBytes = 1_024;

/**
 * A client's connection that gives node:http one request at a time. node:http parses everything that has arrived before the
 * first answer is out, so that thousands of pipelined requests would hold up the process; here the bytes behind a request
 * wait, most of them in the kernel, until it is answered. Requests have no body: an answer to one that has must close the
 * connection.
 *
 * It is `answering` from the end of a request's head to {@link next}, and otherwise waits for a head.
 */
export class Connection extends Duplex {
  readonly #socket: Socket;
  readonly #maxHeadBytes: number;
  readonly #onTooLong: (connection: Connection) => void;
  #hasEnded = false;
  #answering = false;
  #requests = 0;
  #waitingSince = performance.now();
  /** Of the head that is being received. */
  #headBytes = 0;
  #lineBytes = 0;
  #hasLine = false;

  /**
   * @param maxHeadBytes how long a head may get, separators included: more than node:http allows
   * @param onTooLong is to refuse it, and nothing more is read
   */
  constructor(socket: Socket, maxHeadBytes: number, onTooLong: (connection: Connection) => void) {
    super();
    this.#onTooLong = onTooLong;
    this.#socket = socket;
    this.#maxHeadBytes = maxHeadBytes;
    socket.on('readable', () => this.#pass());
    socket.on('end', () => {
      this.#hasEnded = true;
      this.#pass();
    });
    socket.on('timeout', () => this.emit('timeout'));
    socket.on('error', () => this.destroy());
    socket.on('close', () => this.destroy());
  }

  /** How many requests it has handed on. */
  get requests(): number {
    return this.#requests;
  }

  get answering(): boolean {
    return this.#answering;
  }

  /** When it began to wait for a request, by `performance.now()`. */
  get waitingSince(): number {
    return this.#waitingSince;
  }

  /** The request is answered. The next one is let through in a later turn of the event loop: other clients come first. */
  next(): void {
    setImmediate(() => {
      if (this.destroyed) return;
      this.#answering = false;
      this.#waitingSince = performance.now();
      this.emit('waiting');
      this.#pass();
    });
  }

  /** For node:http: of inactivity, in ms. */
  setTimeout(milliseconds: number): this {
    this.#socket.setTimeout(milliseconds);
    return this;
  }

  /** For node:http: once everything written is with the kernel. */
  destroySoon(): void {
    if (this.writableFinished) this.destroy();
    else this.end(() => this.destroy());
  }

  override _read(): void {
    this.#pass();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#socket.cork();
    for (const [index, { chunk }] of chunks.entries())
      this.#socket.write(chunk, index === chunks.length - 1 ? done : undefined);
    this.#socket.uncork();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  /** Hands on what has arrived, up to the end of the next head. */
  #pass(): void {
    while (!this.#answering && !this.destroyed) {
      const piece = this.#socket.read(Math.min(pieceBytes, this.#socket.readableLength)) as Buffer | null;
      if (piece === null) {
        if (this.#hasEnded && !this.readableEnded) this.push(null);
        return;
      }
      const end = this.#endOfHead(piece);
      if (end !== undefined) {
        this.#answering = true;
        this.#requests += 1;
        if (end < piece.length) this.#socket.unshift(piece.subarray(end));
      }
      this.push(end === undefined ? piece : piece.subarray(0, end));
      if (this.#headBytes > this.#maxHeadBytes) {
        this.#giveUp();
        return;
      }
    }
  }

  /** node:http sees that most heads are too long, but it does not count separators and empty lines. */
  #giveUp(): void {
    this.#answering = true;
    setImmediate(() => {
      if (!this.writableEnded) this.#onTooLong(this);
    });
  }

  /** @returns the number of bytes up to and with the empty line that ends a head; `undefined` when it goes on. */
  #endOfHead(chunk: Buffer): number | undefined {
    let from = 0;
    for (;;) {
      const newline = chunk.indexOf(lineFeed, from);
      if (newline === -1) break;
      const isEmpty = this.#lineBytes + newline - from === 0 || this.#isCarriageReturn(chunk, from, newline);
      this.#lineBytes = 0;
      from = newline + 1;
      // Empty lines before the first one are to be ignored (RFC 9112, 2.2).
      if (isEmpty && this.#hasLine) {
        this.#headBytes = 0;
        this.#hasLine = false;
        return from;
      }
      this.#hasLine ||= !isEmpty;
    }
    this.#lineBytes += chunk.length - from;
    this.#headBytes += chunk.length;
    return undefined;
  }

  /** Whether the line up to a newline is a lone carriage return. */
  #isCarriageReturn(chunk: Buffer, from: number, newline: number): boolean {
    if (this.#lineBytes + newline - from !== 1) return false;
    // It was the last byte of the chunk before, which is gone; a line of one other byte is no header either.
    return newline === from || chunk[from] === carriageReturn;
  }
}
