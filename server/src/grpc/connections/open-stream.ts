import type { ServerHttp2Stream } from 'node:http2';
import type { SessionError } from '../../session/errors';
import type { Peer } from './peer';

const key = Symbol('open stream');

type TrackedStream = ServerHttp2Stream & { [key]?: OpenStream };

/** What keeps the books of open streams. */
export interface StreamKeeper {
  /** More of a request came. */
  received(open: OpenStream): void;
  closed(open: OpenStream): void;
  /** Answers one that has no answer yet. */
  refuse(open: OpenStream, error: SessionError): void;
}

/** One stream of HTTP/2, that is one RPC, from its headers to its end. */
export class OpenStream {
  isClosed = false;
  /** It was answered with an error. What comes on it all the same must not be started. */
  isRefused = false;
  /** Ends a stream whose headers are sent already; set by what serves it. */
  onRefuse: ((error: SessionError) => void) | undefined;
  readonly #keeper: StreamKeeper;
  /** Bytes of requests that came on it and are not done with. */
  #requestBytes = 0;
  /** Bytes of replies that the client has not taken. */
  #replyBytes = 0;

  /**
   * @param since when it was opened, by `performance.now()`
   * @param deadline until when its caller waits, by `performance.now()`; Infinity: for as long as it takes
   * @param waitMs for how long it may have waited to be read
   * @param tokenDigest the digest of the API token that it came with
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

  /** To be called once the stream is being read: a listener that comes first would start the flow of data. */
  countData(): void {
    this.stream.on('data', onData);
  }

  refuse(error: SessionError): void {
    this.isRefused = true;
    if (this.onRefuse === undefined) this.#keeper.refuse(this, error);
    else this.onRefuse(error);
  }

  received(bytes: number): void {
    this.#requestBytes += bytes;
    this.peer.requests.add(bytes);
  }

  /** A request is done with. */
  consumed(bytes: number): void {
    const change = Math.min(bytes, this.#requestBytes);
    this.#requestBytes -= change;
    this.peer.requests.add(-change);
  }

  /** A reply waits to be taken. */
  queued(bytes: number): void {
    this.#replyBytes += bytes;
  }

  taken(bytes: number): void {
    this.#replyBytes -= bytes;
    this.peer.replies.sent(bytes);
  }

  /** @internal */
  receive(bytes: number): void {
    this.received(bytes);
    this.#keeper.received(this);
  }

  /** @internal */
  close(): void {
    this.isClosed = true;
    this.consumed(this.#requestBytes);
    if (this.#replyBytes > 0) this.taken(this.#replyBytes);
    this.#keeper.closed(this);
  }
}

/** What the gate knows of a stream that it let through. */
export function openStreamOf(stream: ServerHttp2Stream): OpenStream {
  return (stream as TrackedStream)[key]!;
}

// The same for all streams: a closure for each would cost more than what it does.
function onData(this: TrackedStream, data: Buffer): void {
  this[key]!.receive(data.length);
}

function onClose(this: TrackedStream): void {
  this[key]!.close();
}
