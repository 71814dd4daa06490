import type { GrpcLimits } from '../limits';
import { DeadlineTimer } from '../deadline-timer';
import { overloaded } from '../../rpc/refusals';
import type { RefusalObserver } from '../../rpc/refusals';
import type { SessionError } from '../../session/errors';
import type { CallSlots, Lane, Seats } from './call-slots';
import type { ReplyAccount, ReplyBudget, Waiting } from './reply-budget';

export type { Lane, Seats } from './call-slots';

export interface QueuedCall {
  /** @param reserved the reservation to return with {@link CallQueue.finish} */
  start(reserved: number): void;
  /** It was queued for too long and is not started. */
  refuse(error: SessionError): void;
}

/** Shared by all queues of the process. */
export interface SharedBudgets {
  readonly limits: GrpcLimits;
  readonly slots: CallSlots;
  readonly replies: ReplyBudget;
  readonly observer: RefusalObserver;
}

/** Shared by the queues of one connection. */
export interface Client {
  readonly seats: Seats;
  readonly replies: ReplyAccount;
}

/** The calls of one stream, or the unary calls of a connection. Each starts when there is a slot and room for its reply. */
export class CallQueue implements Lane, Waiting {
  readonly #budgets: SharedBudgets;
  readonly #client: Client;
  readonly #limit: number;
  readonly #onEmpty: () => void;
  /** Queued calls, oldest first. */
  readonly #waiting: { readonly call: QueuedCall; readonly since: number }[] = [];
  readonly #timeoutTimer = new DeadlineTimer(() => this.#refuseExpired());
  #inFlight = 0;
  #isBlocked = false;

  /**
   * @param limit maximum number of calls in flight
   * @param onEmpty is called when the last queued call has left
   */
  constructor(budgets: SharedBudgets, client: Client, limit: number, onEmpty: () => void = () => {}) {
    this.#budgets = budgets;
    this.#client = client;
    this.#limit = limit;
    this.#onEmpty = onEmpty;
  }

  get seats(): Seats {
    return this.#client.seats;
  }

  /** Number of queued calls. */
  get size(): number {
    return this.#waiting.length;
  }

  add(call: QueuedCall): void {
    if (this.#waiting.length === 0 && this.#mayStart() && this.#budgets.slots.acquire(this)) {
      this.#start(call);
      return;
    }
    const since = performance.now();
    this.#waiting.push({ call, since });
    this.#timeoutTimer.watch(since + this.#budgets.limits.queueMs);
    this.#enqueue();
  }

  /** Removes the call, if it is queued. */
  cancel(call: QueuedCall): void {
    const at = this.#waiting.findIndex((one) => one.call === call);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    if (this.#waiting.length === 0) this.#onEmptied();
  }

  /** A started call has ended. @param bytes of its reply, which is buffered now; 0: no reply */
  finish(reserved: number, bytes: number): void {
    this.#inFlight -= 1;
    this.#client.replies.finish(reserved, bytes);
    this.#budgets.slots.release(this, bytes);
    if (this.#waiting.length > 0) this.resume();
  }

  /** Starts no calls for now. */
  block(): void {
    this.#isBlocked = true;
  }

  unblock(): void {
    this.#isBlocked = false;
    if (this.#waiting.length > 0) this.resume();
  }

  /** Starts queued calls, as far as there is room. */
  resume(): boolean {
    let started = false;
    while (this.#waiting.length > 0 && this.#mayStart() && this.#budgets.slots.acquire(this)) {
      this.#startOldest();
      started = true;
    }
    this.#enqueue();
    return started;
  }

  startNext(): void {
    if (this.#waiting.length > 0 && this.#mayStart() && this.#budgets.slots.acquire(this)) this.#startOldest();
    this.#enqueue();
  }

  /** No queued call will be started. */
  close(): void {
    this.#waiting.length = 0;
    this.#onEmptied();
  }

  #mayStart(): boolean {
    return !this.#isBlocked && this.#inFlight < this.#limit && this.#client.replies.mayStart();
  }

  /**
   * Waits for what the oldest call lacks. If that is the end of one of this queue's own calls, {@link finish} resumes the queue.
   */
  #enqueue(): void {
    if (this.#waiting.length === 0 || this.#isBlocked || this.#inFlight >= this.#limit) return;
    if (this.#client.replies.mayStart()) this.#budgets.slots.wait(this);
    else this.#budgets.replies.wait(this);
  }

  #startOldest(): void {
    const oldest = this.#waiting.shift();
    if (oldest === undefined) return;
    this.#start(oldest.call);
    if (this.#waiting.length === 0) this.#onEmptied();
  }

  #start(call: QueuedCall): void {
    this.#inFlight += 1;
    const reserved = this.#client.replies.start();
    this.#budgets.slots.start(this, () => call.start(reserved));
  }

  #onEmptied(): void {
    this.#timeoutTimer.stop();
    this.#budgets.slots.forget(this);
    this.#budgets.replies.forget(this);
    this.#onEmpty();
  }

  /** @returns when the next call will have waited too long */
  #refuseExpired(): number {
    const { limits, observer } = this.#budgets;
    const now = performance.now();
    for (let oldest = this.#waiting[0]; oldest !== undefined; oldest = this.#waiting[0]) {
      const { call, since } = oldest;
      if (since + limits.queueMs > now) return since + limits.queueMs;
      this.#waiting.shift();
      const forReplies = this.#isBlocked || !this.#client.replies.mayStart();
      observer.refused(forReplies ? 'reply_buffer' : 'calls_in_flight');
      call.refuse(
        forReplies
          ? overloaded('Too many bytes of replies are unread.', limits.replyBytes, 'replyBufferBytes')
          : overloaded('Too many calls are in flight.', limits.callsInFlight, 'maxCallsInFlight'),
      );
    }
    this.#onEmptied();
    return Infinity;
  }
}
