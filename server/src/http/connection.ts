import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

const carriageReturn = 13;
const lineFeed = 10;

/** Bytes processed at a time. The rest stays in the socket, which reads no more from the kernel meanwhile. */
const pieceBytes = 1_024;

/**
 * A client's connection that passes only one request to node:http, which would parse everything that has arrived before it sends
 * the first response, so thousands of pipelined requests could block the process. What follows the first request and its body is
 * not read. The response must close the connection.
 */
export class Connection extends Duplex {
  /** When it was accepted, by `performance.now()`. */
  readonly since = performance.now();
  readonly #socket: Socket;
  readonly #maxHeadBytes: number;
  readonly #onTooLong: (connection: Connection) => void;
  #hasEnded = false;
  #hasRequest = false;
  /** How many bytes that follow the head may still be passed on. */
  #bodyRoom: number;
  #headBytes = 0;
  #lineBytes = 0;
  /** The last byte of the previous piece, which may have split a line end. */
  #lastByte: number | undefined;
  #hasLine = false;

  /**
   * @param maxHeadBytes maximum size of the head, separators included: more than node:http allows
   * @param onTooLong rejects the request; nothing more is read
   * @param maxBodyBytes maximum size of the body
   */
  constructor(socket: Socket, maxHeadBytes: number, onTooLong: (connection: Connection) => void, maxBodyBytes = 0) {
    super();
    this.#bodyRoom = maxBodyBytes;
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

  /** Whether its response is ready, and not read. */
  get hasUnreadResponse(): boolean {
    return this.writableLength > 0 || this.writableEnded;
  }

  /** Called by node:http: a timeout of inactivity, in ms. */
  setTimeout(milliseconds: number): this {
    this.#socket.setTimeout(milliseconds);
    return this;
  }

  /** Called by node:http: destroys the connection once everything is written. */
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

  /** Passes on what has arrived, up to the end of the request. */
  #pass(): void {
    while (!this.destroyed && (!this.#hasRequest || this.#bodyRoom > 0)) {
      const piece = this.#socket.read(Math.min(pieceBytes, this.#socket.readableLength)) as Buffer | null;
      if (piece === null) {
        if (this.#hasEnded && !this.#hasRequest) this.push(null);
        return;
      }
      if (this.#hasRequest) {
        this.#passBody(piece, 0);
        continue;
      }
      const end = this.#endOfHead(piece);
      this.#hasRequest = end !== undefined;
      this.push(piece.subarray(0, end));
      if (end !== undefined) this.#passBody(piece, end);
      if (this.#headBytes > this.#maxHeadBytes) {
        this.#giveUp();
        return;
      }
    }
  }

  #passBody(piece: Buffer, from: number): void {
    const body = piece.subarray(from, from + this.#bodyRoom);
    this.#bodyRoom -= body.length;
    if (body.length > 0) this.push(body);
  }

  /** node:http detects most heads that are too long, but does not count separators and empty lines. */
  #giveUp(): void {
    this.#hasRequest = true;
    this.#bodyRoom = 0;
    setImmediate(() => {
      if (!this.writableEnded) this.#onTooLong(this);
    });
  }

  /** @returns the number of bytes up to and including the empty line that ends the head; `undefined` if it continues */
  #endOfHead(piece: Buffer): number | undefined {
    let from = 0;
    for (;;) {
      const newline = piece.indexOf(lineFeed, from);
      if (newline === -1) break;
      const isEmpty = this.#lineBytes + newline - from === 0 || this.#isCarriageReturn(piece, from, newline);
      this.#lineBytes = 0;
      from = newline + 1;
      // Leading empty lines are ignored (RFC 9112, 2.2).
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
