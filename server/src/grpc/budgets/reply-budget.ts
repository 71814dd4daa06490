import { SharedBudget } from './shared-budget';
import type { Share } from './shared-budget';

/** Expected size of the first reply, in bytes. */
const firstExpectation = 8 * 1024;

/**
 * The weight of a smaller reply in the expected size of the next, so that the expectation decreases slowly. For new clients it
 * decreases even more slowly, because it applies to their first calls only.
 */
const decay = 1 / 32;
const firstDecay = 1 / 1024;

/** Above this multiple of the budget, the connection with the most unread replies is closed, and they are dropped. */
const hardFactor = 2;

/** How many waiting queues in a row may find no room before the rest waits. */
const attempts = 8;

/** A queue whose calls wait for reply space. */
export interface Waiting {
  /** @returns whether it started any call */
  resume(): boolean;
}

/**
 * The bytes of unread replies, and of those that calls in flight are expected to produce. No call starts whose reply would not fit,
 * so a client that does not read only delays itself.
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

  /** @param end closes the client's connection, to drop what it does not read */
  open(end: () => void): ReplyAccount {
    const account = new ReplyAccount(this, this.#budget.open(), end);
    this.#accounts.add(account);
    return account;
  }

  /** Unread and expected replies, in bytes. */
  get total(): number {
    return this.#budget.total;
  }

  /** Expected size of a client's first reply, in bytes: the recent size of others. */
  get expected(): number {
    return this.#expected;
  }

  /** Whether connections that read nothing should be closed. */
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

  /** @internal Closes the client that holds most while the total far exceeds the budget. */
  enforce(): void {
    while (this.#budget.total > hardFactor * this.#budget.limit) {
      let worst: ReplyAccount | undefined;
      for (const account of this.#accounts) if (account.held > (worst?.held ?? 0)) worst = account;
      if (worst === undefined) return;
      worst.end();
    }
  }

  /** @internal Space was released. Resumes queues one by one, until several in a row find no room. */
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

  /** Bytes that the client has read so far. */
  get sentBytes(): number {
    return this.#sent;
  }

  /** Expected size of the next reply, in bytes. */
  get expected(): number {
    return this.#expected ?? this.#budget.expected;
  }

  /** Whether the reply of one more call would fit. */
  mayStart(): boolean {
    return this.#share.allows(this.expected);
  }

  /** A call starts. @returns the reservation to pass to {@link finish} */
  start(): number {
    const { expected } = this;
    this.#change(expected);
    return expected;
  }

  /** @param bytes of the reply, which is buffered from now on; 0: no reply */
  finish(reserved: number, bytes: number): void {
    this.#change(bytes - reserved);
    if (bytes > 0) {
      this.#expected = expectation(this.expected, bytes, decay);
      this.#budget.learn(bytes);
    }
    this.#budget.enforce();
    if (bytes < reserved) this.#budget.wake();
  }

  /** The client has read a reply, or never will. */
  sent(bytes: number): void {
    this.#sent += bytes;
    this.#change(-bytes);
    this.#budget.wake();
  }

  /** Closes the client's connection. Its share is released at once; closing the socket takes a moment. */
  end(): void {
    this.close();
    this.#end();
  }

  /** The connection is closed. */
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
