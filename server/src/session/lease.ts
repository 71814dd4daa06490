/** The right of one holder to change a session exclusively, for a time. Only changes that carry its fence depend on it. */
export interface Lease {
  /** Greater than the fences of all earlier leases of the session. */
  readonly fence: number;
  /** When it ends, in milliseconds since 1970 by the store's clock. */
  readonly expires: number;
  /** Who acquired it; opaque. */
  readonly holder: string;
}

/** How long a lease may last, in milliseconds. */
export const leaseRange = { min: 100, max: 5 * 60_000 } as const;

/** For how long a replaced token may still find its session, in milliseconds. */
export const graceRange = { min: 1, max: 30_000 } as const;

/** A token that was replaced with a grace. Kept after it, so that its use can be noticed. */
export interface PreviousToken {
  /** SHA-256 of its secret, in base64url. */
  readonly secretHash: string;
  /** Until when it finds the session, in milliseconds since 1970 by the store's clock. */
  readonly ends: number;
}
