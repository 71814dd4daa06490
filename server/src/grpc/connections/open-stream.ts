import type { ServerHttp2Stream } from 'node:http2';
import type { SessionError } from '../../session/errors';
import type { Peer } from './peer';

const key = Symbol('open stream');

type TrackedStream = ServerHttp2Stream & { [key]?: OpenStream };

/** Keeps account of open streams. */
export interface StreamKeeper {
  /** More of a request has arrived. */
  received(open: OpenStream): void;
  closed(open: OpenStream): void;
  /** Rejects a stream that has no reply yet. */
  refuse(open: OpenStream, error: SessionError): void;
}

/** What reads a request in place of grpc-js. */
export interface StreamReader {
  onData(chunk: Buffer): void;
  /** All data has arrived. */
  onEnd(): void;
  /** The stream is closed, for whatever reason. */
  onClose(): void;
}

/** One HTTP/2 stream, that is one RPC, from its headers to its end. */
export class OpenStream {
  isClosed = false;
  /** It was rejected. Calls that still arrive on it must not be started. */
  isRefused = false;
  readonly #keeper: StreamKeeper;
  #reader: StreamReader | undefined;
  #onRefuse: ((error: SessionError) => void) | undefined;
  /** Bytes of its requests that are not finished. */
  #requestBytes = 0;
  /** Bytes of replies that the client has not read. */
  #replyBytes = 0;

  /**
   * @param since when it was opened, by `performance.now()`
   * @param deadline when its caller stops waiting, by `performance.now()`; Infinity: never
   * @param waitMs how long it may have waited to be read
   * @param tokenDigest the digest of its API token
   */
  constructor(
    keeper: StreamKeeper,
    readonly stream: ServerHttp2Stream,
    readonly peer: Peer,
    readonly since: number,
    readonly deadline: number,
    readonly waitMs: number,
    readonly tokenDigest: Buffer | undefined,
  ) {
    this.#keeper = keeper;
    (stream as TrackedStream)[key] = this;
    stream.on('close', onClose);
  }

  /** To be called once the stream is being read: an earlier listener would start the flow of data. */
  countData(): void {
    this.stream.on('data', onData);
  }

  readBy(reader: StreamReader): void {
    this.#reader = reader;
    this.stream.on('data', onData);
    this.stream.on('end', onEnd);
  }

  /** @param end ends a stream whose headers are already sent */
  onRefuse(end: (error: SessionError) => void): void {
    this.#onRefuse = end;
  }

  refuse(error: SessionError): void {
    this.isRefused = true;
    if (this.#onRefuse === undefined) this.#keeper.refuse(this, error);
    else this.#onRefuse(error);
  }

  received(bytes: number): void {
    this.#requestBytes += bytes;
    this.peer.requests.add(bytes);
  }

  /** A request is finished. */
  consumed(bytes: number): void {
    const change = Math.min(bytes, this.#requestBytes);
    this.#requestBytes -= change;
    this.peer.requests.add(-change);
  }

  /** A reply is buffered. */
  queued(bytes: number): void {
    this.#replyBytes += bytes;
  }

  taken(bytes: number): void {
    this.#replyBytes -= bytes;
    this.peer.replies.sent(bytes);
  }

  /** @internal */
  receive(chunk: Buffer): void {
    this.received(chunk.length);
    this.#keeper.received(this);
    this.#reader?.onData(chunk);
  }

  /** @internal */
  end(): void {
    this.#reader?.onEnd();
  }

  /** @internal */
  close(): void {
    this.isClosed = true;
    this.consumed(this.#requestBytes);
    if (this.#replyBytes > 0) this.taken(this.#replyBytes);
    this.#keeper.closed(this);
    this.#reader?.onClose();
  }
}

/** The gate's entry for a stream that it accepted. */
export function openStreamOf(stream: ServerHttp2Stream): OpenStream {
  return (stream as TrackedStream)[key]!;
}

// Shared by all streams: a closure for each would cost more than the function itself.
function onData(this: TrackedStream, data: Buffer): void {
  this[key]!.receive(data);
}

function onEnd(this: TrackedStream): void {
  this[key]!.end();
}

function onClose(this: TrackedStream): void {
  this[key]!.close();
}
