import { variable } from '../setting-names';
import { boundViolations } from './violations';
import type { FieldViolation } from './violations';

/** Why a use case failed. The closed set; `rpc/status.ts` gives each its gRPC status. */
export type Reason =
  | 'SESSION_NOT_FOUND'
  | 'TOKEN_INVALID'
  | 'VERSION_MISMATCH'
  | 'INVALID_ARGUMENT'
  | 'SESSION_TOO_LARGE'
  | 'TOO_MANY_KEYS'
  | 'FLASH_QUEUE_FULL'
  | 'STORE_UNAVAILABLE'
  | 'STORE_FULL'
  | 'DRAINING'
  | 'REQUEST_TOO_LARGE'
  | 'OVERLOADED'
  | 'API_TOKEN_INVALID'
  | 'LEASE_HELD'
  | 'LEASE_LOST'
  | 'CURSOR_EXPIRED'
  | 'TOO_MANY_SESSIONS'
  | 'SCHEMA_VIOLATION';

export interface SessionErrorDetails {
  /** Facts a program can act on, for example the limit that was hit and the setting that changes it. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** For INVALID_ARGUMENT: the invalid fields; for SCHEMA_VIOLATION: JSON Pointers; up to the number that an error names. */
  readonly violations?: readonly FieldViolation[];
  readonly cause?: unknown;
}

/** A failure that is returned to the caller. Its message may go on the wire: it contains no id, key or value. */
export class SessionError extends Error {
  override readonly name = 'SessionError';
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly FieldViolation[];

  constructor(
    readonly reason: Reason,
    message: string,
    { metadata = {}, violations = [], cause }: SessionErrorDetails = {},
  ) {
    super(message, { cause });
    this.metadata = metadata;
    this.violations = violations;
  }
}

export function sessionNotFound(): SessionError {
  return new SessionError('SESSION_NOT_FOUND', 'The session does not exist, has expired, or its token was replaced.');
}

/** Only an id that the application has chosen can be taken. */
export function sessionExists(): SessionError {
  return new SessionError('VERSION_MISMATCH', 'A session with this id already exists.');
}

/** @param remainingMs for how long the other holder has the lease at most */
export function leaseHeld(remainingMs: number): SessionError {
  return new SessionError('LEASE_HELD', `The session is leased for another ${remainingMs} ms at most.`, {
    metadata: { remaining_ms: String(remainingMs) },
  });
}

export function leaseLost(): SessionError {
  return new SessionError('LEASE_LOST', 'The lease has ended, or another holder has it. Nothing was stored.');
}

/** Names the first violations and the number of the others. */
export function invalidArgument(all: readonly FieldViolation[]): SessionError {
  const violations = boundViolations(all);
  const problems = violations
    .map(({ field, description }) => (field === '' ? description : `${field}: ${description}`))
    .join('; ');
  return new SessionError('INVALID_ARGUMENT', `The request is invalid. ${problems}`, { violations });
}

/** @param all by JSON Pointer into the session's data */
export function schemaViolation(all: readonly FieldViolation[]): SessionError {
  const violations = boundViolations(all);
  const problems = violations.map(({ field, description }) => `${field === '' ? 'All data' : field}: ${description}`);
  const setting = variable('dataSchema');
  const message = `The session's data would violate the schema of ${setting}. Nothing was stored. ${problems.join(' ')}`;
  return new SessionError('SCHEMA_VIOLATION', message, { violations, metadata: { setting } });
}

/** @param maybeApplied whether the change may have been applied although it was not confirmed; always false for a read. */
export function storeUnavailable(maybeApplied: boolean, cause?: unknown): SessionError {
  const outcome = maybeApplied ? 'The change may or may not have happened.' : 'Nothing was changed.';
  return new SessionError('STORE_UNAVAILABLE', `The session store did not answer. ${outcome}`, {
    metadata: { maybe_applied: String(maybeApplied) },
    cause,
  });
}

/** The change was applied, but too few replicas confirmed it to acknowledge it: a failover may lose it. */
export function notReplicated(confirmed: number, wanted: number): SessionError {
  return new SessionError(
    'STORE_UNAVAILABLE',
    `The change was applied, but only ${confirmed} of ${wanted} replicas confirmed it in time.`,
    { metadata: { maybe_applied: 'true' } },
  );
}

export function storeFull(cause?: unknown): SessionError {
  return new SessionError('STORE_FULL', 'The session store is full. Nothing was stored.', { cause });
}

/** @param maxSessions how many sessions the subject has */
export function tooManySessions(maxSessions: number): SessionError {
  const setting = variable('maxSessionsPerSubject');
  const message = `The subject has ${maxSessions} sessions already. Nothing was stored. ${setting} changes the limit.`;
  return new SessionError('TOO_MANY_SESSIONS', message, { metadata: { limit: String(maxSessions), setting } });
}

export function cursorExpired(): SessionError {
  const setting = variable('eventRetentionMs');
  const message = `Events after the cursor may be missing: ${setting} says for how long they are kept. Watch again without a cursor.`;
  return new SessionError('CURSOR_EXPIRED', message, { metadata: { setting } });
}

/**
 * Why a stored record cannot be read: it is damaged, of another Redis type, or of a newer format; it is encrypted with a key that is
 * not set; or its encrypted content was changed, or is that of another session.
 */
export type RecordProblem = 'damaged' | 'newer_format' | 'foreign_type' | 'unknown_key' | 'not_authentic';

/**
 * A stored record that cannot be read. It is answered as INTERNAL and logged with its handle, so that the record can be inspected.
 */
export class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError';

  constructor(
    readonly handle: string,
    readonly problem: RecordProblem,
  ) {
    super(`The stored record of session ${handle} cannot be read (${problem}).${explanations[problem] ?? ''}`);
  }
}

const keys = variable('encryptionKeys');
const explanations: Partial<Record<RecordProblem, string>> = {
  unknown_key: ` It is encrypted with a key that ${keys} does not have.`,
  not_authentic: ` It was encrypted with a key of ${keys}, and was then changed or moved to another session.`,
};
