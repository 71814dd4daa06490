/** What clients asked of one session and what they were told, to hold against what is there at the end. */
export class SessionLedger {
  /** Every token the session had, oldest first: each but the last was replaced. */
  readonly tokens: TokenLedger[] = [];
  /** The sums that acknowledged increments by one returned. */
  readonly counts: number[] = [];
  /** What acknowledged transforms by one returned. */
  readonly totals: number[] = [];
  /** The elements of acknowledged appends. */
  /** When each element was acknowledged, by `performance.now()`. */
  readonly appended = new Map<string, number>();
  /** What each client wrote last to its own key. */
  readonly own = new Map<string, number>();
  readonly pushed: string[] = [];
  readonly popped: string[] = [];
  /** The versions that acknowledged changes returned. */
  readonly versions: number[] = [];

  constructor(readonly handle: string) {}

  get lastToken(): TokenLedger {
    return this.tokens.at(-1)!;
  }

  /**
   * Whether the session has ended. A token is replaced only while it opens the session, so an invalidation with any token but
   * the last came too late and did nothing, and one with the last ended the session for good.
   */
  get hasEnded(): boolean {
    return this.lastToken.invalidated !== undefined;
  }

  /** The changes that were acknowledged although they were begun after their token was known to be dead. */
  get resurrections(): string[] {
    const sessionEnd = this.lastToken.invalidated ?? Infinity;
    return this.tokens.flatMap(({ acknowledged, replaced = Infinity }) =>
      acknowledged
        .filter(({ begun }) => begun > Math.min(replaced, sessionEnd))
        .map(({ what }) => `${what} on ${this.handle}, which had ended`),
    );
  }
}

/** Moments are counted, not measured: one for each thing that a client begins or learns. */
export interface TokenLedger {
  readonly token: string;
  readonly session: SessionLedger;
  readonly acknowledged: { readonly what: string; readonly begun: number }[];
  /** When a client learnt that it was replaced. */
  replaced?: number;
  /** When a client learnt that an invalidation with it was done. */
  invalidated?: number;
}
