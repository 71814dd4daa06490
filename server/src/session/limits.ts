/** How much one session may hold. */
export interface Limits {
  /** Sum of the bytes of all keys, values, flash queue names and messages. */
  readonly maxSessionBytes: number;
  /** Number of data keys. */
  readonly maxKeys: number;
  /** Number of messages in one flash queue. */
  readonly maxFlashMessages: number;
}

/** Most bytes of a key, a flash queue's name or a subject, in UTF-8. */
export const maxNameBytes = 256;

/** Most mutations in one request. */
export const maxMutations = 1000;

/** An idle timeout that a request may ask for, in milliseconds: 1 second to 10 years. */
export const idleTimeoutRange = { min: 1000, max: 10 * 365.25 * 24 * 3_600_000 } as const;
