import { status } from '@grpc/grpc-js';
import type { Client, ServiceError } from '@grpc/grpc-js';
import type { PipelineCall, PipelineReply } from '@session-sidecar/proto/session/v1/pipeline';
import type { RunningCall } from '../call-options';
import type { SessionError } from '../errors';
import { toSessionError } from '../grpc-error';
import { noOutcome, noStream, overdue, tooLarge, unreadable } from './pipeline-errors';
import { openPipelineStream } from './pipeline-stream';
import type { PipelineStream } from './pipeline-stream';
import { aborted, closedError, wireOf } from './transport';
import type { MethodName, RequestOf, ResponseOf, Transport } from './transport';

/** Reconnecting waits a random time up to this, doubled with each attempt that failed. */
const reconnectMs = { first: 20, longest: 1000 } as const;
/** A stream keeps the process alive, so one that was not used for so long is let go. */
const idleMs = 5000;
/** What a sidecar takes in one frame; a larger one would end the stream for all. */
const maxFrame = { calls: 256, bytes: 1024 * 1024, requestBytes: 4 * 1024 * 1024 - 1024 } as const;

/** A call that was made and not answered. */
interface Pending {
  readonly wire: PipelineCall;
  /** What it takes in a frame, about. */
  readonly bytes: number;
  readonly what: string;
  readonly deadline: number;
  /** The stream it was sent on. */
  link: Link | undefined;
  /** Makes the same call by another transport. */
  divert(): void;
  succeed(response: Buffer): void;
  fail(error: SessionError): void;
}

/** One stream, and the calls that were sent on it and not answered. */
interface Link {
  readonly stream: PipelineStream;
  readonly sent: Map<number, Pending>;
  /** Whether the sidecar took the stream. */
  wasOpen: boolean;
}

/**
 * All calls over one stream. Alone, a call leaves at once; while others are under way, those made in one turn of the event
 * loop leave together. While there is no stream, calls wait for one until their deadline. What was sent and not answered
 * when a stream breaks fails with UNAVAILABLE, because nobody knows whether it was done.
 */
export class PipelineTransport implements Transport {
  readonly #channel: Client;
  readonly #address: string;
  /** Takes over when the sidecar is too old to know Pipeline. */
  readonly #fallback: Transport;
  /** Calls that were not sent, oldest first. */
  readonly #outbox = new Map<number, Pending>();
  /** Where calls are sent. Others may still be answering what was sent on them. */
  #link: Link | undefined;
  #underWay = 0;
  #nextId = 0;
  #flushScheduled = false;
  #failedAttempts = 0;
  #lastFailure: ServiceError | undefined;
  #reconnect: NodeJS.Timeout | undefined;
  #lastUse = 0;
  #isFallback = false;
  #isClosed = false;

  constructor(channel: Client, address: string, fallback: Transport) {
    this.#channel = channel;
    this.#address = address;
    this.#fallback = fallback;
  }

  call<M extends MethodName>(method: M, request: RequestOf<M>, options: RunningCall): Promise<ResponseOf<M>> {
    if (this.#isFallback) return this.#fallback.call(method, request, options);
    const { name, serialize, deserialize } = wireOf(method);
    const { deadline, signal, metadata } = options;
    const what = `${name} at ${this.#address}`;
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw closedError(what);
      if (signal?.aborted) throw aborted(what, signal);
      const encoded = serialize(request);
      const entries = Object.entries(metadata ?? {});
      const bytes = entries.reduce((sum, entry) => sum + Buffer.byteLength(entry.join()), encoded.length);
      if (bytes > maxFrame.requestBytes) throw tooLarge(what, bytes, maxFrame.requestBytes);

      const id = this.#takeId();
      const timer = setTimeout(() => {
        this.#giveUp(pending, this.#tooLate(pending));
      }, deadline - Date.now());
      const onAbort = () => {
        this.#giveUp(pending, aborted(what, signal!));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const pending: Pending = {
        wire: {
          id,
          method: name,
          request: encoded,
          timeoutMs: 0,
          metadata: new Map(entries),
        },
        bytes,
        what,
        deadline,
        link: undefined,
        divert: () => {
          settle();
          this.#fallback.call(method, request, options).then(resolve, reject);
        },
        succeed: (response) => {
          settle();
          try {
            resolve(deserialize(response));
          } catch (cause) {
            reject(unreadable(what, cause as Error));
          }
        },
        fail: (error) => {
          settle();
          reject(error);
        },
      };
      this.#outbox.set(id, pending);
      this.#scheduleFlush();
    });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#reconnect);
    for (const pending of this.#outbox.values()) pending.fail(closedError(pending.what));
    this.#outbox.clear();
    this.#link?.stream.end();
    this.#fallback.close();
  }

  #takeId(): number {
    this.#nextId = (this.#nextId + 1) % 2 ** 32;
    return this.#nextId;
  }

  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    const flush = () => {
      this.#flushScheduled = false;
      this.#flush();
    };
    if (this.#underWay === 0) queueMicrotask(flush);
    else setImmediate(flush);
  }

  #flush(): void {
    const link = this.#link;
    if (link === undefined) {
      if (this.#outbox.size > 0) this.#connect();
      return;
    }
    while (link.stream.isOpen && !link.stream.isFull) {
      const calls = this.#take(link);
      if (calls.length === 0) return;
      link.stream.write({ calls, cancelled: [] });
    }
  }

  /** As many calls as go in one frame, from now on sent. */
  #take(link: Link): PipelineCall[] {
    const now = Date.now();
    const calls: PipelineCall[] = [];
    let bytes = 0;
    for (const [id, pending] of this.#outbox) {
      // Its timer is about to end it.
      if (pending.deadline <= now) continue;
      if (calls.length === maxFrame.calls || (calls.length > 0 && bytes + pending.bytes > maxFrame.bytes)) break;
      bytes += pending.bytes;
      pending.wire.timeoutMs = Math.ceil(pending.deadline - now);
      calls.push(pending.wire);
      pending.link = link;
      link.sent.set(id, pending);
      this.#outbox.delete(id);
    }
    this.#underWay += calls.length;
    return calls;
  }

  #connect(): void {
    if (this.#reconnect !== undefined || this.#isClosed) return;
    const sent = new Map<number, Pending>();
    const stream = openPipelineStream(this.#channel, {
      onOpen: () => {
        link.wasOpen = true;
        this.#failedAttempts = 0;
        this.#lastFailure = undefined;
        this.#flush();
        this.#endWhenIdle(link);
      },
      onReplies: (replies) => {
        for (const reply of replies) this.#receive(link, reply);
        this.#endWhenReplaced(link);
      },
      onDraining: () => {
        this.#replace(link);
      },
      onRoom: () => {
        this.#flush();
      },
      onEnd: (error) => {
        this.#ended(link, error);
      },
    });
    const link: Link = { stream, sent, wasOpen: false };
    this.#link = link;
  }

  #receive(link: Link, { id, outcome }: PipelineReply): void {
    const pending = link.sent.get(id);
    // Without one, its caller has given up.
    if (pending === undefined) return;
    this.#forget(link, id);
    if (outcome?.$case === 'response') pending.succeed(outcome.value);
    else pending.fail(toSessionError(outcome?.value ?? noOutcome, pending.what));
  }

  #forget(link: Link, id: number): void {
    if (link.sent.delete(id)) this.#underWay -= 1;
    if (this.#underWay === 0) this.#lastUse = Date.now();
  }

  #giveUp(pending: Pending, error: SessionError): void {
    const { link, wire } = pending;
    this.#outbox.delete(wire.id);
    if (link !== undefined) {
      link.stream.write({ calls: [], cancelled: [wire.id] });
      this.#forget(link, wire.id);
      this.#endWhenReplaced(link);
    }
    pending.fail(error);
  }

  #tooLate({ link, what }: Pending): SessionError {
    if (link === undefined && this.#lastFailure !== undefined) return noStream(this.#lastFailure, what);
    return overdue(what);
  }

  /** New calls go elsewhere from now on. */
  #replace(link: Link): void {
    if (this.#link === link) this.#link = undefined;
    this.#endWhenReplaced(link);
    this.#flush();
  }

  #endWhenReplaced(link: Link): void {
    if (this.#link !== link && link.sent.size === 0) link.stream.end();
  }

  #endWhenIdle(link: Link): void {
    this.#lastUse = Date.now();
    const check = (): void => {
      if (this.#link !== link) return;
      const isUsed = link.sent.size > 0 || this.#outbox.size > 0;
      const leftMs = isUsed ? idleMs : this.#lastUse + idleMs - Date.now();
      if (leftMs <= 0) this.#replace(link);
      else setTimeout(check, leftMs).unref();
    };
    check();
  }

  #ended(link: Link, error: ServiceError | undefined): void {
    for (const [id, pending] of link.sent) {
      this.#forget(link, id);
      pending.fail(noStream(error, pending.what));
    }
    if (this.#link !== link) return;
    this.#link = undefined;
    if (error?.code === status.UNIMPLEMENTED && !link.wasOpen) {
      this.#fallBack();
      return;
    }
    this.#lastFailure = error;
    if (this.#isClosed) return;
    const delay = Math.min(reconnectMs.longest, reconnectMs.first * 2 ** this.#failedAttempts) * Math.random();
    this.#failedAttempts += 1;
    this.#reconnect = setTimeout(() => {
      this.#reconnect = undefined;
      this.#flush();
    }, delay);
  }

  #fallBack(): void {
    this.#isFallback = true;
    for (const pending of this.#outbox.values()) pending.divert();
    this.#outbox.clear();
  }
}
