import type { ServerHttp2Stream } from 'node:http2';
import type { SessionError } from '../../session/errors';
import type { Peer } from './peer';

const key = Symbol('open stream');

type TrackedStream = ServerHttp2Stream & { [key]?: OpenStream };

/** One stream of HTTP/2, that is one RPC, from its headers to its end. */
export class OpenStream {
  /** Bytes of requests that came on it and are not done with. */
  requestBytes = 0;
  /** Bytes of replies that the client has not taken. */
  replyBytes = 0;
  isClosed = false;
  /** Answers it with an error; set by what serves it where headers are sent at once. */
  refuse: (error: SessionError) => void;

  /**
   * @param since when it was opened, by `performance.now()`
   * @param deadline until when its caller waits, by `performance.now()`; Infinity: for as long as it takes
   * @param tokenDigest the digest of the API token that it came with
   */
  constructor(
    readonly stream: ServerHttp2Stream,
    readonly peer: Peer,
    readonly since: number,
    readonly deadline: number,
    readonly tokenDigest: Buffer | undefined,
    refuse: (error: SessionError) => void,
  ) {
    this.refuse = refuse;
    (stream as TrackedStream)[key] = this;
  }

  received(bytes: number): void {
    this.requestBytes += bytes;
    this.peer.requests.add(bytes);
  }

  /** A request is done with. */
  consumed(bytes: number): void {
    const change = Math.min(bytes, this.requestBytes);
    this.requestBytes -= change;
    this.peer.requests.add(-change);
  }

  /** A reply waits to be taken. */
  queued(bytes: number): void {
    this.replyBytes += bytes;
  }

  taken(bytes: number): void {
    this.replyBytes -= bytes;
    this.peer.replies.sent(bytes);
  }

  close(): void {
    this.isClosed = true;
    this.consumed(this.requestBytes);
    if (this.replyBytes > 0) this.taken(this.replyBytes);
  }
}

/** What the gate knows of a stream that it let through. */
export function openStreamOf(stream: ServerHttp2Stream): OpenStream {
  return (stream as TrackedStream)[key]!;
}
