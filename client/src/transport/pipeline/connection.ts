import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import type { PipelineReply } from '@session-sidecar/proto/session/v1/pipeline';
import { fromGrpcError } from '../../errors/from-grpc';
import type { ApiToken } from '../api-token';
import { Backoff } from '../backoff';
import type { Channel } from '../channel';
import type { ChangeListener } from './change-listener';
import { PipelineStream } from './stream';

/** Between streams. Where there is no connection, the channel waits for one by itself. */
const reopenMs = { first: 20, max: 100, maxRequested: 1000 } as const;
/** A stream keeps the process alive, so it is ended after this long without a call. */
const idleMs = 5000;

export interface PipelineConnectionListener {
  hasCalls(): boolean;
  /** Calls can be sent, or a stream can be opened for them. */
  onReady(): void;
  onReplies(stream: PipelineStream, replies: readonly PipelineReply[]): void;
  /** The sidecar does not answer on this stream. It is unknown whether it will. */
  onSilent(stream: PipelineStream): void;
  /** Whatever was sent on this stream gets no answer. */
  onEnd(stream: PipelineStream, error: ServiceError | undefined): void;
  /** The sidecar does not know Pipeline. */
  onUnsupported(): void;
  /** The sidecar does not accept the API token, and waiting does not change that. */
  onRefused(error: ServiceError): void;
}

type State =
  | { readonly name: 'idle' | 'closed' }
  | { readonly name: 'opening' | 'open'; readonly stream: PipelineStream }
  | { readonly name: 'backing-off'; readonly timer: NodeJS.Timeout };

const idle: State = { name: 'idle' };
const closed: State = { name: 'closed' };

/**
 * The stream that takes new calls.
 *
 * - `idle`: there is none. {@link open} makes it `opening`.
 * - `opening`: calls wait. Accepted by the sidecar, the stream is `open`; when no call waits any more, it is dropped.
 * - `open`: calls are sent. Idle, draining or silent, the stream is retired and this is `idle` again.
 * - `backing-off`: a stream has failed. After a pause, this is `idle` again.
 * - `closed`: for good.
 *
 * A retired stream takes no new calls, and ends when those sent on it are answered.
 */
export class PipelineConnection {
  readonly #channel: Channel;
  readonly #apiToken: ApiToken | undefined;
  readonly #listener: PipelineConnectionListener;
  readonly #backoff = new Backoff(reopenMs);
  #state: State = idle;
  #idleSince = 0;
  /** Why the last stream failed; `undefined` since one was opened. */
  #lastFailure: ServiceError | undefined;
  /** Receives changes on the stream that takes new calls. */
  changeListener: ChangeListener | undefined;

  constructor(channel: Channel, apiToken: ApiToken | undefined, listener: PipelineConnectionListener) {
    this.#channel = channel;
    this.#apiToken = apiToken;
    this.#listener = listener;
  }

  /** Takes new calls, now or once it is open. */
  get stream(): PipelineStream | undefined {
    const state = this.#state;
    return state.name === 'opening' || state.name === 'open' ? state.stream : undefined;
  }

  get lastFailure(): ServiceError | undefined {
    return this.#lastFailure;
  }

  /** Opens a stream, unless there is one or it has to wait. */
  open(): void {
    if (this.#state.name !== 'idle') return;
    const connection = this.#channel.connection();
    // The first stream without a connection fails and gives the reason; those after it wait for one.
    const options = { apiToken: this.#apiToken, waitForReady: this.#lastFailure !== undefined };
    const stream = new PipelineStream(connection, options, {
      onOpen: () => this.#opened(stream),
      onReport: (report) => {
        if (stream === this.stream) this.changeListener?.onReport(report);
      },
      onReplies: (replies) => {
        this.#listener.onReplies(stream, replies);
        this.finishIfRetired(stream);
      },
      onDraining: () => {
        connection.retire();
        this.#retire(stream);
      },
      onSilent: () => {
        this.#listener.onSilent(stream);
        this.#retire(stream);
      },
      onRoom: () => this.#listener.onReady(),
      onEnd: (error) => this.#ended(stream, error),
    });
    this.#state = { name: 'opening', stream };
  }

  /** Requests confirmation, if there is a stream. It counts as a use. */
  confirm(clock: number): void {
    if (this.#state.name !== 'open' || !this.#state.stream.isReady) return;
    this.#idleSince = performance.now();
    this.#state.stream.sendConfirm(clock);
  }

  /** To be called when a call on the stream was answered or cancelled. */
  finishIfRetired(stream: PipelineStream): void {
    if (stream !== this.stream && stream.unanswered === 0) stream.finish();
  }

  /** To be called when no call is left. */
  callsEnded(): void {
    this.#idleSince = performance.now();
    if (this.#state.name !== 'opening') return;
    // While it waits for a connection, it would keep the process alive, for no call.
    const { stream } = this.#state;
    this.#state = idle;
    stream.cancel();
  }

  /** Calls that were sent are still answered. */
  close(): void {
    const state = this.#state;
    this.#state = closed;
    if (state.name === 'backing-off') clearTimeout(state.timer);
    else if (state.name === 'opening') state.stream.cancel();
    else if (state.name === 'open') state.stream.end();
    this.changeListener?.onStreamLost();
  }

  #opened(stream: PipelineStream): void {
    if (stream !== this.stream) return;
    this.#state = { name: 'open', stream };
    this.#backoff.reset();
    this.#lastFailure = undefined;
    this.#idleSince = performance.now();
    this.changeListener?.onStreamOpen();
    this.#listener.onReady();
    this.#retireWhenIdle(stream);
  }

  #retireWhenIdle(stream: PipelineStream): void {
    if (stream !== this.stream) return;
    const leftMs = this.#listener.hasCalls() ? idleMs : this.#idleSince + idleMs - performance.now();
    if (leftMs <= 0) this.#retire(stream);
    else setTimeout(() => this.#retireWhenIdle(stream), leftMs).unref();
  }

  #retire(stream: PipelineStream): void {
    if (stream === this.stream) {
      this.#state = idle;
      this.changeListener?.onStreamLost();
    }
    this.finishIfRetired(stream);
    this.#listener.onReady();
  }

  #ended(stream: PipelineStream, error: ServiceError | undefined): void {
    if (stream === this.stream) this.changeListener?.onStreamLost();
    this.#listener.onEnd(stream, error);
    if (stream !== this.stream) return;
    const wasAccepted = this.#state.name === 'open';
    this.#state = idle;
    if (!wasAccepted && error?.code === status.UNIMPLEMENTED) this.#listener.onUnsupported();
    else if (!wasAccepted && error?.code === status.UNAUTHENTICATED) this.#listener.onRefused(error);
    else this.#backOff(error);
  }

  #backOff(error: ServiceError | undefined): void {
    this.#lastFailure = error;
    const requestedMs = error && fromGrpcError(error, 'Pipeline').retryAfterMs;
    const timer = setTimeout(() => {
      this.#state = idle;
      this.#listener.onReady();
    }, this.#backoff.next(requestedMs));
    // Calls that wait keep the process alive by their deadline.
    timer.unref();
    this.#state = { name: 'backing-off', timer };
  }
}
