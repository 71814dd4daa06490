import type { ServiceError } from '@grpc/grpc-js';
import type { PipelineCall, PipelineReply } from '@session-sidecar/proto/session/v1/pipeline';
import { fromGrpcError, toSessionError } from '../../errors/from-grpc';
import type { SessionError } from '../../errors/session-error';
import type { ApiToken } from '../api-token';
import { aborted, clientClosed, deadlineExceeded, streamLost } from '../call-errors';
import type { RunningCall } from '../call-options';
import type { Channel } from '../channel';
import { codecOf } from '../method-codec';
import { isIdempotent, methods } from '../transport';
import type { MethodName, RequestOf, ResponseOf, Transport } from '../transport';
import type { ChangeListener, ChangeSource } from './change-listener';
import { PipelineConnection } from './connection';
import { emptyReply, requestTooLarge, undecodableReply } from './errors';
import { InFlightCalls } from './in-flight-calls';
import { Outbox } from './outbox';
import type { PipelineStream } from './stream';

/** What a sidecar accepts in one frame; a larger one would end the stream for all calls on it. */
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
  /** Its approximate size in a frame. */
  readonly bytes: number;
  readonly deadline: number;
  /** The stream it was sent on; `undefined`: not sent. */
  stream: PipelineStream | undefined;
  readonly onAbort: (() => void) | undefined;
  readonly resolve: (response: ResponseOf<MethodName> | Promise<ResponseOf<MethodName>>) => void;
  readonly reject: (error: SessionError) => void;
}

/**
 * All calls over one stream. While there is none, calls wait for one until their deadline. Calls in flight when a stream breaks
 * fail with UNAVAILABLE, because it is unknown whether they were applied.
 *
 * - `pipeline`: as above.
 * - `fallback`: the sidecar is too old to know Pipeline; another transport makes the calls.
 * - `closed`: new calls are rejected.
 */
export class PipelineTransport implements Transport, ChangeSource {
  readonly #address: string;
  readonly #fallback: Transport;
  readonly #connection: PipelineConnection;
  readonly #outbox = new Outbox<PendingCall>(() => this.#flush());
  readonly #calls = new InFlightCalls<PendingCall>((pending) => this.#cancel(pending, this.#overdue(pending)));
  #state: 'pipeline' | 'fallback' | 'closed' = 'pipeline';

  constructor(channel: Channel, address: string, fallback: Transport, apiToken?: ApiToken) {
    this.#address = address;
    this.#fallback = fallback;
    this.#connection = new PipelineConnection(channel, apiToken, {
      hasCalls: () => this.#calls.size > 0,
      onReady: () => this.#flush(),
      onReplies: (stream, replies) => {
        for (const reply of replies) this.#receive(stream, reply);
        this.#outbox.flushAfterReplies();
      },
      onSilent: (stream) => this.#failIdempotent(stream),
      onEnd: (stream, error) => {
        for (const pending of this.#calls) {
          if (pending.stream === stream) this.#fail(pending, streamLost(error, this.#describe(pending.method)));
        }
      },
      onUnsupported: () => this.#fallBack(),
      onRefused: (error) => this.#refuse(error),
    });
  }

  call<M extends MethodName>(method: M, request: RequestOf<M>, options: RunningCall): Promise<ResponseOf<M>> {
    if (this.#state === 'fallback') return this.#fallback.call(method, request, options);
    return new Promise((resolve, reject) => {
      const { deadline, signal } = options;
      if (this.#state === 'closed') throw clientClosed(this.#describe(method));
      if (signal?.aborted) throw aborted(this.#describe(method), signal);
      const encoded = codecOf(method).serialize(request);
      const metadata = options.metadata === undefined ? noMetadata : new Map(Object.entries(options.metadata));
      let bytes = encoded.length;
      for (const entry of metadata) bytes += Buffer.byteLength(entry.join());
      if (bytes > maxRequestBytes) throw requestTooLarge(this.#describe(method), bytes, maxRequestBytes);

      const id = this.#calls.takeId();
      const onAbort = signal && ((): void => this.#cancel(pending, aborted(this.#describe(method), signal)));
      const pending: PendingCall = {
        id,
        method,
        request,
        options,
        encoded,
        metadata,
        bytes,
        deadline,
        stream: undefined,
        onAbort,
        resolve: resolve as never,
        reject,
      };
      if (onAbort !== undefined) signal?.addEventListener('abort', onAbort, { once: true });
      this.#calls.add(id, pending);
      this.#outbox.add(pending, this.#calls.size);
    });
  }

  listen(listener: ChangeListener): void {
    this.#connection.changeListener = listener;
  }

  confirm(clock: number): void {
    this.#connection.confirm(clock);
  }

  close(): void {
    if (this.#state === 'pipeline') this.#state = 'closed';
    for (const pending of this.#takeOutbox()) this.#fail(pending, clientClosed(this.#describe(pending.method)));
    this.#connection.close();
    this.#fallback.close();
  }

  #flush(): void {
    const now = performance.now();
    // An overdue call is ended by its timer.
    this.#outbox.keep((pending) => this.#isInFlight(pending) && pending.deadline > now);
    const { stream } = this.#connection;
    if (stream === undefined) {
      if (this.#outbox.size > 0) this.#connection.open();
      return;
    }
    while (this.#outbox.size > 0 && stream.isReady) {
      const calls = this.#outbox.takeFrame(this.#calls.size).map((pending): PipelineCall => {
        const { id, method, encoded, metadata, deadline } = pending;
        pending.stream = stream;
        return { id, method: methods[method].name, request: encoded, timeoutMs: Math.ceil(deadline - now), metadata };
      });
      stream.sendCalls(calls);
    }
  }

  #receive(stream: PipelineStream, { id, outcome }: PipelineReply): void {
    const pending = this.#calls.get(id);
    // The call was cancelled, or its deadline has passed.
    if (pending?.stream !== stream) return;
    if (outcome?.$case === 'response') this.#succeed(pending, outcome.value);
    else this.#fail(pending, toSessionError(outcome?.value ?? emptyReply, this.#describe(pending.method)));
  }

  #succeed(pending: PendingCall, response: Buffer): void {
    const { method, resolve, reject } = pending;
    this.#settle(pending);
    try {
      resolve(codecOf(method).deserialize(response));
    } catch (cause) {
      reject(undecodableReply(this.#describe(method), cause as Error));
    }
  }

  #fail(pending: PendingCall, error: SessionError): void {
    this.#settle(pending);
    pending.reject(error);
  }

  #cancel(pending: PendingCall, error: SessionError): void {
    const { stream, id } = pending;
    this.#fail(pending, error);
    if (stream === undefined) return;
    stream.sendCancellation(id);
    this.#connection.finishIfRetired(stream);
  }

  #settle({ id, stream, onAbort, options }: PendingCall): void {
    this.#calls.delete(id);
    if (stream !== undefined) stream.unanswered -= 1;
    if (onAbort !== undefined) options.signal?.removeEventListener('abort', onAbort);
    if (this.#calls.size === 0) this.#connection.callsEnded();
  }

  #overdue({ stream, method }: PendingCall): SessionError {
    const call = this.#describe(method);
    const { lastFailure } = this.#connection;
    return stream === undefined && lastFailure !== undefined ? streamLost(lastFailure, call) : deadlineExceeded(call);
  }

  /** Idempotent calls fail, so that they are retried; the others still wait for their answers. */
  #failIdempotent(stream: PipelineStream): void {
    for (const pending of this.#calls) {
      if (pending.stream !== stream || !isIdempotent(pending.method)) continue;
      this.#fail(pending, streamLost(undefined, this.#describe(pending.method)));
    }
  }

  #fallBack(): void {
    this.#state = 'fallback';
    for (const pending of this.#takeOutbox()) {
      const { method, request, options, resolve } = pending;
      this.#settle(pending);
      resolve(this.#fallback.call(method, request, options));
    }
  }

  #refuse(error: ServiceError): void {
    for (const pending of this.#takeOutbox()) this.#fail(pending, fromGrpcError(error, this.#describe(pending.method)));
  }

  /** All calls that were not sent. */
  #takeOutbox(): PendingCall[] {
    return this.#outbox.takeAll().filter((pending) => this.#isInFlight(pending));
  }

  #isInFlight(pending: PendingCall): boolean {
    return this.#calls.get(pending.id) === pending;
  }

  /** The call and its destination, for messages. */
  #describe(method: MethodName): string {
    return `${methods[method].name} at ${this.#address}`;
  }
}
