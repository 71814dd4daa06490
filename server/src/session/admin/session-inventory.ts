import type { ListedSession } from '../session-store';

/**
 * All sessions of a store, for administration. Promises are rejected as those of {@link SessionStore}, and `scan` also when it
 * may have missed a session, because another server took over: then it has to be repeated.
 */
export interface SessionInventory {
  /** About how many sessions there are, at a cost that does not depend on the number. */
  estimate(): Promise<SessionEstimate>;

  /**
   * Finds every session that exists during the whole scan, once; of those that begin or end meanwhile, maybe some. In steps that are
   * small enough that callers of the store do not notice them.
   */
  scan(): AsyncIterable<ScanStep>;

  /** Reads a session, without its secret, and without counting that as an access. */
  inspect(handle: string, withData: boolean): Promise<InspectedSession | 'not_found' | 'unreadable'>;

  /** Ends a session if it meets all conditions, in one step, as {@link SessionStore.delete} does. */
  revoke(handle: string, conditions: RevocationConditions, options: RevokeOptions): Promise<RevocationOutcome>;
}

export interface RevokeOptions {
  /** Whether nothing is to be ended. */
  readonly isDryRun: boolean;
  /** When the caller stops waiting, as in {@link SessionStore}. */
  readonly deadline?: number | undefined;
}

/** The true number is between `low` and `high` with a probability of 95 %. */
export interface SessionEstimate {
  readonly count: number;
  readonly low: number;
  readonly high: number;
}

export interface ScanStep {
  readonly handles: readonly string[];
  /** From 0 to 1, approximately. */
  readonly progress: number;
}

export interface InspectedSession extends ListedSession {
  readonly subject: string | undefined;
  /** The fingerprint of the key that signed its token; `undefined`: not recorded. */
  readonly signingKey: string | undefined;
}

/** Each is met if it is `undefined`. Times are milliseconds since 1970 by the store's clock. */
export interface RevocationConditions {
  readonly createdBefore: number | undefined;
  /** Met by sessions that have not been used since, even if their last access was not recorded. */
  readonly notAccessedSince: number | undefined;
  readonly signingKey: string | undefined;
  /** Whether sessions without a recorded key meet `signingKey`. */
  readonly includeUnknownKeys: boolean;
}

/**
 * `selected`: it meets the conditions, and was ended unless this is a dry run. `unknown_key`: it may meet them, but no key is
 * recorded.
 */
export type RevocationOutcome = 'selected' | 'kept' | 'unknown_key' | 'not_found' | 'unreadable';

/** Why a session is ended, for events. */
export function revocationReason({ signingKey }: RevocationConditions): 'age' | 'signing_key' {
  return signingKey === undefined ? 'age' : 'signing_key';
}
