import { Metadata } from '@grpc/grpc-js';
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import type {
  PipelineCall,
  PipelineReply,
  PipelineRequest,
  PipelineResponse,
} from '@session-sidecar/proto/session/v1/pipeline';
import type { ApiToken } from '../api-token';
import { LateMetadataCredentials } from '../call-credentials';
import type { Connection } from '../channel';
import { freeMessage } from '../message-memory';
import { pipelineCodec } from '../method-codec';
import type { ChangeReport } from './change-listener';

export interface PipelineStreamOptions {
  readonly apiToken: ApiToken | undefined;
  /** While there is no connection: whether to wait for one, or to fail with the reason. */
  readonly waitForReady: boolean;
}

export interface PipelineStreamListener {
  /** The sidecar has accepted the stream: what is written from now on reaches it. */
  onOpen(): void;
  /** Comes before the replies of the same frame. */
  onReport(report: ChangeReport): void;
  /** The responses have to be decoded before this returns: their memory is freed then. */
  onReplies(replies: readonly PipelineReply[]): void;
  /** The sidecar is shutting down. */
  onDraining(): void;
  /** The stream has room again after it was full. */
  onRoom(): void;
  /** The sidecar has stopped answering. It is unknown whether it will answer again. */
  onSilent(): void;
  /** The last event. `undefined`: the stream ended without an error. */
  onEnd(error: ServiceError | undefined): void;
}

const { path, serialize, deserialize } = pipelineCodec;

/** A frame, and the bytes that its replies are views of. */
interface ReceivedFrame {
  readonly frame: PipelineResponse;
  readonly bytes: Buffer;
}

const receive = (bytes: Buffer): ReceivedFrame => ({ frame: deserialize(bytes), bytes });

/**
 * One Pipeline stream.
 *
 * - `opening`: waits for a connection, or for the sidecar to accept it.
 * - `open`: takes calls.
 * - `ending`: takes nothing more. The sidecar still answers what it has, unless the stream was cancelled.
 * - `ended`: nothing follows.
 */
export class PipelineStream {
  #state: 'opening' | 'open' | 'ending' | 'ended' = 'opening';
  /** False while the sidecar reads more slowly than the client writes. */
  #hasRoom = true;
  #isSilent = false;
  readonly #stream: ClientDuplexStream<PipelineRequest, ReceivedFrame>;
  /** How many of the calls sent on it wait for their answer. */
  unanswered = 0;

  constructor(
    connection: Connection,
    { apiToken, waitForReady }: PipelineStreamOptions,
    listener: PipelineStreamListener,
  ) {
    const metadata = new Metadata({ waitForReady });
    const credentials = apiToken && { credentials: new LateMetadataCredentials({ apiToken }) };
    const streamClosed = connection.streamOpened(() => {
      this.#isSilent = true;
      listener.onSilent();
    });
    const stream = connection.client.makeBidiStreamRequest(path, serialize, receive, metadata, credentials);
    this.#stream = stream;
    stream.on('metadata', () => {
      if (this.#state !== 'opening') return;
      this.#state = 'open';
      listener.onOpen();
    });
    stream.on('data', ({ frame, bytes }: ReceivedFrame) => {
      const { replies, draining, changed, allChanged, confirmed } = frame;
      if (changed.length > 0 || allChanged || confirmed !== 0) listener.onReport(frame);
      if (replies.length > 0) listener.onReplies(replies);
      if (draining) listener.onDraining();
      freeMessage(bytes);
    });
    stream.on('drain', () => {
      this.#hasRoom = true;
      listener.onRoom();
    });
    const ended = (error?: ServiceError): void => {
      if (this.#state === 'ended') return;
      this.#state = 'ended';
      streamClosed();
      listener.onEnd(error);
    };
    stream.on('error', ended);
    stream.on('end', () => ended());
  }

  get isReady(): boolean {
    return this.#state === 'open' && this.#hasRoom;
  }

  sendCalls(calls: PipelineCall[]): void {
    this.unanswered += calls.length;
    this.#write({ calls, cancelled: [], confirm: 0 });
  }

  sendCancellation(id: number): void {
    this.#write({ calls: [], cancelled: [id], confirm: 0 });
  }

  /** @param clock see {@link ChangeSource.confirm} */
  sendConfirm(clock: number): void {
    this.#write({ calls: [], cancelled: [], confirm: clock });
  }

  /** Sends nothing more. The sidecar still answers what it has. */
  end(): void {
    if (this.#state === 'ending' || this.#state === 'ended') return;
    this.#state = 'ending';
    this.#stream.end();
  }

  /** Ends the stream at once, on both sides. */
  cancel(): void {
    if (this.#state !== 'ended') this.#state = 'ending';
    this.#stream.cancel();
  }

  /** Ends the stream when no answer is due. A silent sidecar would not notice end(). */
  finish(): void {
    if (this.#isSilent) this.cancel();
    else this.end();
  }

  #write(frame: PipelineRequest): void {
    if (this.#state === 'opening' || this.#state === 'open') this.#hasRoom = this.#stream.write(frame);
  }
}
