/** How much one session may hold, and how much one request may ask for. */
export interface Limits {
  /** Sum of the bytes of all keys, values, flash queue names and messages. */
  readonly maxSessionBytes: number;
  /** Number of data keys. */
  readonly maxKeys: number;
  /** Number of messages in one flash queue. */
  readonly maxFlashMessages: number;
  /** Number of flash queues that have messages. */
  readonly maxFlashQueues: number;
  /** Number of mutations in one request. */
  readonly maxMutations: number;
  /**
   * Bytes of the values and messages in one request's results, and for `create` of the session. A larger session may be returned as
   * a whole. Up to 3 MiB, replies stay below the 4 MiB of a gRPC message, overhead included.
   */
  readonly maxReplyBytes: number;
  /**
   * Bytes that one request's mutations search or extend: the arrays of `append`, each counted once, and the queues that
   * `push_flash` searches for a message. A larger session may be searched once.
   */
  readonly maxWorkBytes: number;
}

/** Maximum length of a key, a flash queue's name, a subject or a label, in bytes of UTF-8. */
export const maxNameBytes = 256;

/** An idle timeout that a request may ask for, in milliseconds: 1 second to 10 years. */
export const idleTimeoutRange = { min: 1000, max: 10 * 365.25 * 24 * 3_600_000 } as const;

/** Number of sessions in a page of a list. */
export const pageSize = { default: 100, max: 1000 } as const;

/** Maximum number of handles that one request may name. */
export const maxHandles = 1000;
