import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import type { PipelineCall, PipelineReply } from '@session-sidecar/proto/session/v1/pipeline';
import type { RunningCall } from '../call-options';
import type { SessionError } from '../../errors/session-error';
import { fromGrpcError, toSessionError } from '../../errors/from-grpc';
import type { ApiToken } from '../api-token';
import {
  aborted,
  clientClosed,
  deadlineExceeded,
  emptyReply,
  requestTooLarge,
  streamLost,
  undecodableReply,
} from '../call-errors';
import { Backoff } from '../backoff';
import { InFlightCalls } from './in-flight-calls';
import type { Channel } from '../channel';
import { Outbox } from './outbox';
import { openPipelineStream } from './stream';
import type { PipelineStream } from './stream';
import { codecOf } from '../method-codec';
import { isIdempotent, methods } from '../transport';
import type { MethodName, RequestOf, ResponseOf, Transport } from '../transport';

/** Between streams. Where there is no connection, the channel waits for one by itself. */
const reopenMs = { first: 20, longest: 100, longestAskedFor: 1000 } as const;
/** A stream keeps the process alive, so one that was not used for so long is let go. */
const idleMs = 5000;
/** What a sidecar takes in one frame; a larger one would end the stream for all. */
const maxRequestBytes = 4 * 1024 * 1024 - 1024;

const noMetadata = new Map<string, string>();

/** A call that was made and not answered. */
interface PendingCall {
  readonly id: number;
  readonly method: MethodName;
  readonly request: RequestOf<MethodName>;
  readonly options: RunningCall;
  readonly encoded: Buffer;
  readonly metadata: Map<string, string>;
  /** What it takes in a frame, about. */
  readonly bytes: number;
  readonly deadline: number;
  /** The stream it was sent on. */
  link: Link | undefined;
  onAbort: (() => void) | undefined;
  readonly resolve: (response: ResponseOf<MethodName> | Promise<ResponseOf<MethodName>>) => void;
  readonly reject: (error: SessionError) => void;
}

/** One stream, and how many of the calls that were sent on it were not answered. */
interface Link {
  readonly stream: PipelineStream;
  unanswered: number;
  /** Whether the sidecar took the stream. */
  wasOpen: boolean;
  isSilent: boolean;
}

/**
 * All calls over one stream. While there is no stream, calls wait for one until their deadline. What was sent and not answered
 * when a stream breaks fails with UNAVAILABLE, because nobody knows whether it was done.
 */
export class PipelineTransport implements Transport {
  readonly #channel: Channel;
  readonly #address: string;
  /** Takes over when the sidecar is too old to know Pipeline. */
  readonly #fallback: Transport;
  readonly #apiToken: ApiToken | undefined;
  readonly #outbox = new Outbox<PendingCall>(() => {
    this.#flush();
  });
  readonly #calls = new InFlightCalls<PendingCall>((pending) => {
    this.#giveUp(pending, this.#tooLate(pending));
  });
  /** Where calls are sent. Others may still be answering what was sent on them. */
  #link: Link | undefined;
  readonly #backoff = new Backoff(reopenMs);
  #lastFailure: ServiceError | undefined;
  #reopening: NodeJS.Timeout | undefined;
  #lastUse = 0;
  #isFallback = false;
  #isClosed = false;

  constructor(channel: Channel, address: string, fallback: Transport, apiToken?: ApiToken) {
    this.#channel = channel;
    this.#address = address;
    this.#fallback = fallback;
    this.#apiToken = apiToken;
  }

  call<M extends MethodName>(method: M, request: RequestOf<M>, options: RunningCall): Promise<ResponseOf<M>> {
    if (this.#isFallback) return this.#fallback.call(method, request, options);
    return new Promise((resolve, reject) => {
      const { deadline, signal } = options;
      if (this.#isClosed) throw clientClosed(this.#what(method));
      if (signal?.aborted) throw aborted(this.#what(method), signal);
      const encoded = codecOf(method).serialize(request);
      const metadata = options.metadata === undefined ? noMetadata : new Map(Object.entries(options.metadata));
      let bytes = encoded.length;
      for (const entry of metadata) bytes += Buffer.byteLength(entry.join());
      if (bytes > maxRequestBytes) throw requestTooLarge(this.#what(method), bytes, maxRequestBytes);

      const id = this.#calls.takeId();
      const pending: PendingCall = {
        id,
        method,
        request,
        options,
        encoded,
        metadata,
        bytes,
        deadline,
        link: undefined,
        onAbort: undefined,
        resolve: resolve as never,
        reject,
      };
      if (signal !== undefined) {
        pending.onAbort = () => {
          this.#giveUp(pending, aborted(this.#what(method), signal));
        };
        signal.addEventListener('abort', pending.onAbort, { once: true });
      }
      this.#calls.add(id, pending);
      this.#outbox.add(pending, this.#calls.size);
    });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#reopening);
    for (const pending of this.#takeOutbox()) this.#fail(pending, clientClosed(this.#what(pending.method)));
    this.#link?.stream.end();
    this.#fallback.close();
  }

  #flush(): void {
    const now = performance.now();
    // The timer is about to end a call that is overdue.
    this.#outbox.keep((pending) => this.#isOpen(pending) && pending.deadline > now);
    const link = this.#link;
    if (link === undefined) {
      if (this.#outbox.size > 0) this.#connect();
      return;
    }
    while (this.#outbox.size > 0 && link.stream.isOpen && !link.stream.isFull) {
      const calls = this.#outbox.takeFrame(this.#calls.size).map((pending): PipelineCall => {
        const { id, method, encoded, metadata, deadline } = pending;
        pending.link = link;
        return { id, method: methods[method].name, request: encoded, timeoutMs: Math.ceil(deadline - now), metadata };
      });
      link.unanswered += calls.length;
      link.stream.write({ calls, cancelled: [] });
    }
  }

  #connect(): void {
    if (this.#reopening !== undefined || this.#isClosed) return;
    // The first stream without a connection fails and gives the reason; those after it wait for one.
    const options = { apiToken: this.#apiToken, waitForReady: this.#lastFailure !== undefined };
    const connection = this.#channel.connection();
    const stream = openPipelineStream(connection, options, {
      onOpen: () => {
        link.wasOpen = true;
        this.#backoff.reset();
        this.#lastFailure = undefined;
        this.#flush();
        this.#endWhenIdle(link);
      },
      onReplies: (replies) => {
        for (const reply of replies) this.#receive(link, reply);
        this.#outbox.flushAfterReplies();
        this.#endWhenReplaced(link);
      },
      onDraining: () => {
        connection.retire();
        this.#replace(link);
      },
      onSilent: () => {
        this.#leaveSilent(link);
      },
      onRoom: () => {
        this.#flush();
      },
      onEnd: (error) => {
        this.#ended(link, error);
      },
    });
    const link: Link = { stream, unanswered: 0, wasOpen: false, isSilent: false };
    this.#link = link;
  }

  #receive(link: Link, { id, outcome }: PipelineReply): void {
    const pending = this.#calls.get(id);
    // Without one, its caller has given up.
    if (pending?.link !== link) return;
    if (outcome?.$case === 'response') this.#succeed(pending, outcome.value);
    else this.#fail(pending, toSessionError(outcome?.value ?? emptyReply, this.#what(pending.method)));
  }

  #succeed(pending: PendingCall, response: Buffer): void {
    const { method, resolve, reject } = pending;
    this.#settle(pending);
    try {
      resolve(codecOf(method).deserialize(response));
    } catch (cause) {
      reject(undecodableReply(this.#what(method), cause as Error));
    }
  }

  #fail(pending: PendingCall, error: SessionError): void {
    this.#settle(pending);
    pending.reject(error);
  }

  #settle({ id, link, onAbort, options }: PendingCall): void {
    this.#calls.delete(id);
    if (link !== undefined) link.unanswered -= 1;
    if (onAbort !== undefined) options.signal?.removeEventListener('abort', onAbort);
    if (this.#calls.size > 0) return;
    this.#lastUse = performance.now();
    // A stream that waits for a connection would keep the process alive, without a call that wants it.
    if (this.#link?.wasOpen === false) this.#abandon(this.#link);
  }

  #abandon(link: Link): void {
    this.#link = undefined;
    link.stream.cancel();
  }

  #isOpen(pending: PendingCall): boolean {
    return this.#calls.get(pending.id) === pending;
  }

  /** The call and where it goes, for messages. */
  #what(method: MethodName): string {
    return `${methods[method].name} at ${this.#address}`;
  }

  #giveUp(pending: PendingCall, error: SessionError): void {
    const { link, id } = pending;
    this.#fail(pending, error);
    if (link === undefined) return;
    link.stream.write({ calls: [], cancelled: [id] });
    this.#endWhenReplaced(link);
  }

  #tooLate({ link, method }: PendingCall): SessionError {
    const what = this.#what(method);
    if (link === undefined && this.#lastFailure !== undefined) return streamLost(this.#lastFailure, what);
    return deadlineExceeded(what);
  }

  /** New calls go elsewhere from now on. */
  #replace(link: Link): void {
    if (this.#link === link) this.#link = undefined;
    this.#endWhenReplaced(link);
    this.#flush();
  }

  /** Calls that may run twice fail, to be tried again; the others still wait for their answers. */
  #leaveSilent(link: Link): void {
    link.isSilent = true;
    for (const pending of this.#calls) {
      if (pending.link !== link || !isIdempotent(pending.method)) continue;
      this.#fail(pending, streamLost(undefined, this.#what(pending.method)));
    }
    this.#replace(link);
  }

  #endWhenReplaced(link: Link): void {
    if (this.#link === link || link.unanswered > 0) return;
    if (link.isSilent) link.stream.cancel();
    else link.stream.end();
  }

  #endWhenIdle(link: Link): void {
    this.#lastUse = performance.now();
    const check = (): void => {
      if (this.#link !== link) return;
      const isUsed = link.unanswered > 0 || this.#outbox.size > 0;
      const leftMs = isUsed ? idleMs : this.#lastUse + idleMs - performance.now();
      if (leftMs <= 0) this.#replace(link);
      else setTimeout(check, leftMs).unref();
    };
    check();
  }

  #ended(link: Link, error: ServiceError | undefined): void {
    for (const pending of this.#calls) {
      if (pending.link === link) this.#fail(pending, streamLost(error, this.#what(pending.method)));
    }
    if (this.#link !== link) return;
    this.#link = undefined;
    if (this.#isClosed) return;
    if (!link.wasOpen && error?.code === status.UNIMPLEMENTED) this.#fallBack();
    else if (!link.wasOpen && error?.code === status.UNAUTHENTICATED) this.#refuse(error);
    else this.#reopen(error);
  }

  /** Streams are not taken before something changes, which waiting does not. */
  #refuse(error: ServiceError): void {
    for (const pending of this.#takeOutbox()) this.#fail(pending, fromGrpcError(error, this.#what(pending.method)));
  }

  #reopen(error: ServiceError | undefined): void {
    this.#lastFailure = error;
    const askedForMs = error && fromGrpcError(error, 'Pipeline').retryAfterMs;
    this.#reopening = setTimeout(() => {
      this.#reopening = undefined;
      this.#flush();
    }, this.#backoff.next(askedForMs));
    // Calls that wait keep the process alive by their deadline.
    this.#reopening.unref();
  }

  #fallBack(): void {
    this.#isFallback = true;
    for (const pending of this.#takeOutbox()) {
      const { method, request, options, resolve } = pending;
      this.#settle(pending);
      resolve(this.#fallback.call(method, request, options));
    }
  }

  /** All calls that were not sent. */
  #takeOutbox(): PendingCall[] {
    return this.#outbox.takeAll().filter((pending) => this.#isOpen(pending));
  }
}
