/**
 * Why a call failed. Match this and never the message. The upper ones are the reasons of the session.v1 API
 * (`proto/session/v1/error_reason.proto`); the lower ones arise between the application and the sidecar.
 */
export type SessionErrorCode = keyof typeof errorFacts;

interface Fact {
  /** What happened, for the codes that error_reason.proto does not explain. */
  readonly meaning?: string;
  /** What the reader of the message can do. */
  readonly advice: string;
  /** The HTTP status for a web request that failed because of it. */
  readonly status: number;
}

/** The closed table of codes; docs/errors.md is printed from it. */
export const errorFacts = {
  SESSION_NOT_FOUND: {
    status: 409,
    advice: 'Call invalidate() to go on with a new session, or treat the visitor as new.',
  },
  TOKEN_INVALID: { status: 409, advice: 'Treat the visitor as new.' },
  VERSION_MISMATCH: { status: 409, advice: 'Load the session again, reapply the change and try again.' },
  INVALID_ARGUMENT: { status: 500, advice: 'Correct the call.' },
  SESSION_TOO_LARGE: { status: 413, advice: 'Store less, or raise the limit in the sidecar.' },
  TOO_MANY_KEYS: { status: 413, advice: 'Store fewer keys, or raise the limit in the sidecar.' },
  FLASH_QUEUE_FULL: { status: 413, advice: 'Show the waiting messages, or raise the limit in the sidecar.' },
  STORE_UNAVAILABLE: { status: 503, advice: 'Look into the log of the sidecar and at its store.' },
  STORE_FULL: { status: 503, advice: 'Give the store more memory.' },
  DRAINING: { status: 503, advice: 'Try again when the sidecar has been restarted.' },
  INTERNAL: { status: 500, advice: 'Look for the error id in the log of the sidecar.' },
  REQUEST_TOO_LARGE: { status: 413, advice: 'Split the request, or raise the limit in the sidecar.' },
  OVERLOADED: { status: 503, advice: 'Retry later, or raise the limit in the sidecar.' },
  API_TOKEN_INVALID: { status: 500, advice: 'Give the client an API token that the sidecar accepts.' },

  DEADLINE_EXCEEDED: {
    status: 503,
    meaning: 'The call took longer than `timeoutMs`. A change may have happened all the same.',
    advice: 'Raise timeoutMs, or find out why the sidecar is slow.',
  },
  CANCELLED: {
    status: 503,
    meaning: "The call's `signal` was aborted, or the client was closed. A change may have happened all the same.",
    advice: 'Retry if the cancellation was unintentional.',
  },
  UNAVAILABLE: {
    status: 503,
    meaning:
      'No answer from the sidecar: it is not running, is listening on another address, or has stopped. A change may have happened all the same.',
    advice: 'Check that the sidecar runs and that the address is right.',
  },
  UNIMPLEMENTED: {
    status: 500,
    meaning: 'The sidecar does not know the call.',
    advice: 'Use a sidecar that is at least as new as the client.',
  },
  VALUE_UNREADABLE: {
    status: 500,
    meaning: 'What is stored at a key cannot be decoded by the codec.',
    advice: 'Use the codec that it was written with, or overwrite it.',
  },
  UNKNOWN: {
    status: 500,
    meaning: 'A gRPC status that the sidecar does not send.',
    advice: 'See the cause.',
  },
} as const satisfies Record<string, Fact>;

/** One wrong field of a request. */
export interface FieldViolation {
  /** The field's path in the request, for example `mutations[2].set.key`. */
  readonly field: string;
  /** What was got and what is allowed. */
  readonly description: string;
}

export interface SessionErrorDetails {
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly violations?: readonly FieldViolation[] | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

const brand = Symbol.for('session-sidecar.SessionError');

/** Thrown, and rejected with, when the sidecar cannot do what it was asked. Wrong use of this library is a TypeError or RangeError. */
export class SessionError extends Error {
  override readonly name = 'SessionError';
  readonly code: SessionErrorCode;
  /** Facts about the failure, for example the limit that was hit and the setting that changes it. */
  readonly metadata: Readonly<Record<string, string>>;
  /** For INVALID_ARGUMENT: every field that is wrong. Otherwise empty. */
  readonly violations: readonly FieldViolation[];
  /** How long the sidecar asks to wait before another try, in milliseconds. Infinity: it asks for no other try. */
  readonly retryAfterMs: number | undefined;
  /**
   * The HTTP status that suits a web request which fails with this error; Express answers with it. 409 when the session
   * ended meanwhile, 413 when it would outgrow a limit, 503 when the sidecar or its store is unavailable, otherwise 500.
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

  /** Whether a value is a SessionError, also when another copy of this package made it. */
  static is(value: unknown): value is SessionError {
    return value instanceof Error && brand in value;
  }
}

/** The codes that come as a reason from the sidecar. */
export function isErrorCode(text: string): text is SessionErrorCode {
  return Object.hasOwn(errorFacts, text);
}
