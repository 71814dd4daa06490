import type { ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { CallQueue } from '../budgets/call-queue';
import type { Client, Lane, Seats, SharedBudgets } from '../budgets/call-queue';
import type { ReplyAccount } from '../budgets/reply-budget';
import type { Share, SharedBudget } from '../budgets/shared-budget';
import { Reading } from './read-turns';

/** Shared by all connections. */
export interface PeerBudgets extends SharedBudgets {
  readonly streams: SharedBudget;
  readonly pipelines: SharedBudget;
  readonly requests: SharedBudget;
}

/** One connection, and its shares of the budgets. */
export class Peer implements Client, Seats {
  readonly since = performance.now();
  inFlight = 0;
  finishTag = 0;
  readonly lanes: Lane[] = [];
  readonly streams: Share;
  readonly pipelines: Share;
  readonly requests: Share;
  readonly replies: ReplyAccount;
  readonly reading: Reading;
  /** Its unary calls. */
  readonly unary: CallQueue;
  /** `undefined` until the first bytes arrive. */
  session: ServerHttp2Session | undefined;
  /** The client has sent its preface and settings. */
  isEstablished = false;
  /** It has made a call. */
  isUsed = false;
  /** What its first call said. */
  userAgent: string | undefined;

  /** When it last sent a complete frame, by `performance.now()`. */
  aliveAt = performance.now();
  /** Bytes that it had sent by then. */
  bytesWhenAlive = 0;
  pingedAt: number | undefined;
  /** It sends bytes that do not form frames. */
  isSuspect = false;
  /** Bytes of replies that it had read at the last check, and since when that is unchanged. */
  sentBytes = 0;
  sentSince = 0;

  constructor(
    readonly socket: Socket,
    budgets: PeerBudgets,
    end: (peer: Peer) => void,
  ) {
    this.reading = new Reading(socket);
    this.streams = budgets.streams.open();
    this.pipelines = budgets.pipelines.open();
    this.requests = budgets.requests.open();
    this.replies = budgets.replies.open(() => end(this));
    this.unary = new CallQueue(budgets, this, budgets.limits.streamsPerConnection);
  }

  get seats(): Seats {
    return this;
  }

  /** The connection is closed. */
  close(): void {
    this.unary.close();
    this.replies.close();
  }
}
