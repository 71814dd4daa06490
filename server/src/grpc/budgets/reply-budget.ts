import { SharedBudget } from './shared-budget';
import type { Share } from './shared-budget';

/** Expected size of a reply before there has been one, in bytes. */
const firstExpectation = 8 * 1024;

/**
 * The weight of a reply in what the next is expected to take, when it is smaller: large ones are forgotten slowly. What a new
 * client is expected to get is forgotten more slowly still, since it counts for its first calls only.
 */
const decay = 1 / 32;
const firstDecay = 1 / 1024;

/** Above this multiple of the budget, the connection that holds most unread replies is closed, and they are dropped. */
const hardFactor = 2;

/** Minimum number of waiting queues that are tried when there is room. */
const attempts = 8;

/** Starts calls, and had no room for their replies. */
export interface Waiting {
  /** @returns whether it started anything. */
  resume(): boolean;
}

/**
 * The bytes of replies that clients have not read, and of those that calls in flight are expected to produce. No call starts
 * whose reply would not fit, so a client that does not read only hurts itself.
 */
export class ReplyBudget {
  readonly #budget: SharedBudget;
  readonly #accounts = new Set<ReplyAccount>();
  readonly #waiting = new Set<Waiting>();
  #isWaking = false;
  #expected = firstExpectation;

  /** @param limit in bytes */
  constructor(limit: number) {
    this.#budget = new SharedBudget(limit);
  }

  /** @param end ends the client's connection, since what it does not read must go */
  open(end: () => void): ReplyAccount {
    const account = new ReplyAccount(this, this.#budget.open(), end);
    this.#accounts.add(account);
    return account;
  }

  /** Replies that are not read, and those expected, in bytes. */
  get total(): number {
    return this.#budget.total;
  }

  /** How many bytes the first reply of a client is expected to have: as much as others had lately. */
  get expected(): number {
    return this.#expected;
  }

  /** Whether those that do not read at all should be ended. */
  get isSpent(): boolean {
    return this.#budget.isSpent;
  }

  /** Calls `waiting.resume` when there may be room. */
  wait(waiting: Waiting): void {
    this.#waiting.add(waiting);
  }

  forget(waiting: Waiting): void {
    this.#waiting.delete(waiting);
  }

  /** @internal */
  close(account: ReplyAccount): void {
    this.#accounts.delete(account);
  }

  /** @internal */
  learn(bytes: number): void {
    this.#expected = expectation(this.#expected, bytes, firstDecay);
  }

  /** @internal Ends the client that holds most when there is far too much. */
  enforce(): void {
    while (this.#budget.total > hardFactor * this.#budget.limit) {
      let worst: ReplyAccount | undefined;
      for (const account of this.#accounts) if (account.held > (worst?.held ?? 0)) worst = account;
      if (worst === undefined) return;
      worst.end();
    }
  }

  /** @internal Something was sent. One after the other, until so many in a row find no room. */
  wake(): void {
    if (this.#waiting.size === 0 || this.#isWaking) return;
    this.#isWaking = true;
    let failures = 0;
    for (const waiting of [...this.#waiting]) {
      this.#waiting.delete(waiting);
      if (!waiting.resume()) failures += 1;
      if (failures === attempts) break;
    }
    this.#isWaking = false;
  }
}

/** The replies of one client. */
export class ReplyAccount {
  readonly #budget: ReplyBudget;
  readonly #share: Share;
  readonly #end: () => void;
  #expected: number | undefined;
  #isClosed = false;
  #sent = 0;

  constructor(budget: ReplyBudget, share: Share, end: () => void) {
    this.#budget = budget;
    this.#share = share;
    this.#end = end;
  }

  get held(): number {
    return this.#share.amount;
  }

  /** How many bytes the client has taken so far. */
  get sentBytes(): number {
    return this.#sent;
  }

  /** How many bytes the next reply is expected to have. */
  get expected(): number {
    return this.#expected ?? this.#budget.expected;
  }

  /** Whether there is room for the reply of one more call. */
  mayStart(): boolean {
    return this.#share.allows(this.expected);
  }

  /** A call starts. @returns what to give to {@link finish}. */
  start(): number {
    const { expected } = this;
    this.#change(expected);
    return expected;
  }

  /** @param bytes of the reply, which waits to be sent from now on; 0 when there is none */
  finish(reserved: number, bytes: number): void {
    this.#change(bytes - reserved);
    if (bytes > 0) {
      this.#expected = expectation(this.expected, bytes, decay);
      this.#budget.learn(bytes);
    }
    this.#budget.enforce();
    if (bytes < reserved) this.#budget.wake();
  }

  /** The client has taken a reply, or will never take it. */
  sent(bytes: number): void {
    this.#sent += bytes;
    this.#change(-bytes);
    this.#budget.wake();
  }

  /** Ends the client's connection. What it held is free at once: its sockets take a moment to be closed. */
  end(): void {
    this.close();
    this.#end();
  }

  /** The connection is gone. */
  close(): void {
    if (this.#isClosed) return;
    this.#share.add(-this.#share.amount);
    this.#isClosed = true;
    this.#budget.close(this);
    this.#budget.wake();
  }

  #change(bytes: number): void {
    if (!this.#isClosed) this.#share.add(bytes);
  }
}

function expectation(before: number, bytes: number, weight: number): number {
  return bytes > before ? bytes : before + (bytes - before) * weight;
}
