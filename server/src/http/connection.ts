import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

const carriageReturn = 13;
const lineFeed = 10;

/** What is looked at together. What is behind stays with the socket, which reads no more from the kernel meanwhile. */
const pieceBytes = 1_024;

/**
 * A client's connection that gives node:http one request and no more. node:http parses everything that has arrived before the
 * first answer is out, so that thousands of pipelined requests would hold up the process; here what follows the first
 * request is not read. The answer has to close the connection.
 */
export class Connection extends Duplex {
  /** When it was accepted, by `performance.now()`. */
  readonly since = performance.now();
  readonly #socket: Socket;
  readonly #maxHeadBytes: number;
  readonly #onTooLong: (connection: Connection) => void;
  #hasEnded = false;
  #hasRequest = false;
  #headBytes = 0;
  #lineBytes = 0;
  /** Of the piece before, which may have cut a line end in two. */
  #lastByte: number | undefined;
  #hasLine = false;

  /**
   * @param maxHeadBytes how long the head of the request may get, separators included: more than node:http allows
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

  /** Whether its request has arrived, and is being answered. */
  get hasRequest(): boolean {
    return this.#hasRequest;
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

  /** Hands on what has arrived, up to the end of the head. */
  #pass(): void {
    while (!this.#hasRequest && !this.destroyed) {
      const piece = this.#socket.read(Math.min(pieceBytes, this.#socket.readableLength)) as Buffer | null;
      if (piece === null) {
        if (this.#hasEnded) this.push(null);
        return;
      }
      const end = this.#endOfHead(piece);
      this.#hasRequest = end !== undefined;
      this.push(piece.subarray(0, end));
      if (this.#headBytes > this.#maxHeadBytes) {
        this.#giveUp();
        return;
      }
    }
  }

  /** node:http sees that most heads are too long, but it does not count separators and empty lines. */
  #giveUp(): void {
    this.#hasRequest = true;
    setImmediate(() => {
      if (!this.writableEnded) this.#onTooLong(this);
    });
  }

  /** @returns the number of bytes up to and with the empty line that ends the head; `undefined` when it goes on. */
  #endOfHead(piece: Buffer): number | undefined {
    let from = 0;
    for (;;) {
      const newline = piece.indexOf(lineFeed, from);
      if (newline === -1) break;
      const isEmpty = this.#lineBytes + newline - from === 0 || this.#isCarriageReturn(piece, from, newline);
      this.#lineBytes = 0;
      from = newline + 1;
      // Empty lines before the first one are to be ignored (RFC 9112, 2.2).
      if (isEmpty && this.#hasLine) return from;
      this.#hasLine ||= !isEmpty;
    }
    this.#lineBytes += piece.length - from;
    this.#headBytes += piece.length;
    this.#lastByte = piece.at(-1);
    return undefined;
  }

  /** Whether the line up to a newline is a lone carriage return. */
  #isCarriageReturn(piece: Buffer, from: number, newline: number): boolean {
    if (this.#lineBytes + newline - from !== 1) return false;
    return (newline === from ? this.#lastByte : piece[from]) === carriageReturn;
  }
}
