/**
 * Why a call failed. Match the code, never the message. The first group are the reasons of the session.v1 API
 * (`proto/session/v1/error_reason.proto`); the second arises between the application and the sidecar.
 */
export type SessionErrorCode = keyof typeof errorFacts;

interface Fact {
  /** What happened, for codes that error_reason.proto does not document. */
  readonly meaning?: string;
  /** What to do about it. */
  readonly advice: string;
  /** The HTTP status for a web request that fails because of it. */
  readonly status: number;
}

/** All codes. The errors page of the documentation is generated from this table. */
export const errorFacts = {
  SESSION_NOT_FOUND: {
    status: 409,
    advice: 'Call invalidate() to continue with a new session, or treat the visitor as new.',
  },
  TOKEN_INVALID: { status: 409, advice: 'Treat the visitor as new.' },
  VERSION_MISMATCH: { status: 409, advice: 'Load the session again, reapply the change and retry.' },
  INVALID_ARGUMENT: { status: 500, advice: 'Correct the call.' },
  SESSION_TOO_LARGE: { status: 413, advice: 'Store less, or raise the limit in the sidecar.' },
  TOO_MANY_KEYS: { status: 413, advice: 'Store fewer keys, or raise the limit in the sidecar.' },
  FLASH_QUEUE_FULL: { status: 413, advice: 'Show the waiting messages, or raise the limit in the sidecar.' },
  STORE_UNAVAILABLE: { status: 503, advice: 'Check the log of the sidecar, and its store.' },
  STORE_FULL: { status: 503, advice: 'Give the store more memory.' },
  DRAINING: { status: 503, advice: 'Retry once the sidecar has restarted.' },
  INTERNAL: { status: 500, advice: 'Look for the error id in the log of the sidecar.' },
  REQUEST_TOO_LARGE: { status: 413, advice: 'Split the request, or raise the limit in the sidecar.' },
  OVERLOADED: { status: 503, advice: 'Retry later, or raise the limit in the sidecar.' },
  API_TOKEN_INVALID: { status: 500, advice: 'Give the client an API token that the sidecar accepts.' },
  LEASE_HELD: { status: 409, advice: 'Try again later, or wait longer.' },
  LEASE_LOST: { status: 409, advice: 'Acquire the lease again, reapply the change and retry.' },
  CURSOR_EXPIRED: { status: 500, advice: 'Watch again without a cursor, and read the sessions that matter.' },
  TOO_MANY_SESSIONS: {
    status: 409,
    advice: "Let the visitor end one of the subject's sessions, or raise the limit in the sidecar.",
  },
  SCHEMA_VIOLATION: { status: 500, advice: 'Correct the data at these paths, or the schema in the sidecar.' },

  DEADLINE_EXCEEDED: {
    status: 503,
    meaning: 'The call took longer than `timeoutMs`. A change may still have been applied.',
    advice: 'Raise timeoutMs, or find out why the sidecar is slow.',
  },
  CANCELLED: {
    status: 503,
    meaning: "The call's `signal` was aborted, or the client was closed. A change may still have been applied.",
    advice: 'Retry if the cancellation was unintentional.',
  },
  UNAVAILABLE: {
    status: 503,
    meaning:
      'No answer from the sidecar: it is not running, is listening on another address, or has stopped. A change may still have been applied.',
    advice: 'Check that the sidecar is running, and its address.',
  },
  UNIMPLEMENTED: {
    status: 500,
    meaning: 'The sidecar does not support the call.',
    advice: 'Use a sidecar that is at least as new as the client.',
  },
  VALUE_UNREADABLE: {
    status: 500,
    meaning: 'The codec cannot decode the value stored at a key.',
    advice: 'Use the codec that the value was written with, or overwrite the value.',
  },
  UNKNOWN: {
    status: 500,
    meaning: 'A gRPC status that the sidecar never sends.',
    advice: 'See the cause.',
  },
} as const satisfies Record<string, Fact>;

/** An invalid field of a request. */
export interface FieldViolation {
  /** The field's path in the request, for example `mutations[2].set.key`; or a JSON Pointer into the data, for example `/cart/0`. */
  readonly field: string;
  /** What was received and what is allowed. */
  readonly description: string;
}

export interface SessionErrorDetails {
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly violations?: readonly FieldViolation[] | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

const brand = Symbol.for('session-sidecar.SessionError');

/** A call to the sidecar failed. Incorrect use of this library throws a TypeError or RangeError instead. */
export class SessionError extends Error {
  override readonly name = 'SessionError';
  readonly code: SessionErrorCode;
  /** Facts about the failure, for example the limit that was exceeded and the setting that changes it. */
  readonly metadata: Readonly<Record<string, string>>;
  /** For INVALID_ARGUMENT: every invalid field. For SCHEMA_VIOLATION: what violates the schema. Otherwise empty. */
  readonly violations: readonly FieldViolation[];
  /** How long to wait before a retry, as requested by the sidecar, in milliseconds. Infinity: do not retry. */
  readonly retryAfterMs: number | undefined;
  /**
   * The HTTP status for a web request that fails with this error; Express responds with it. 409 if the session has ended
   * meanwhile, 413 if it would exceed a limit, 503 if the sidecar or its store is unavailable, otherwise 500.
   */
  readonly status: number;

  constructor(code: SessionErrorCode, message: string, details: SessionErrorDetails = {}) {
    super(`${code}: ${message} ${errorFacts[code].advice}`, { cause: details.cause });
    this.code = code;
    this.metadata = details.metadata ?? {};
    this.violations = details.violations ?? [];
    this.retryAfterMs = details.retryAfterMs;
    this.status = errorFacts[code].status;
    Object.defineProperty(this, brand, { value: true });
  }

  /** Whether a value is a SessionError, even of another copy of this package. */
  static is(value: unknown): value is SessionError {
    return value instanceof Error && brand in value;
  }
}

/** Whether a reason from the sidecar is one of {@link SessionErrorCode}. */
export function isErrorCode(text: string): text is SessionErrorCode {
  return Object.hasOwn(errorFacts, text);
}
