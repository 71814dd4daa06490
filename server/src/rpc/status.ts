import { randomUUID } from 'node:crypto';
import { Metadata, status } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo, RetryInfo } from '@session-sidecar/proto/google/rpc/error_details';
import { Status } from '@session-sidecar/proto/google/rpc/status';
import type { Logger } from 'pino';
import { SessionError } from '../session/errors';
import type { Reason } from '../session/errors';
import type { FieldViolation } from '../session/violations';
import { encode } from './encoding';
import type { Encodable } from './encoding';

/** The only place that decides which gRPC status a reason becomes. */
export const statusOf = {
  SESSION_NOT_FOUND: status.NOT_FOUND,
  TOKEN_INVALID: status.UNAUTHENTICATED,
  VERSION_MISMATCH: status.ABORTED,
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  SESSION_TOO_LARGE: status.RESOURCE_EXHAUSTED,
  TOO_MANY_KEYS: status.RESOURCE_EXHAUSTED,
  FLASH_QUEUE_FULL: status.RESOURCE_EXHAUSTED,
  STORE_UNAVAILABLE: status.UNAVAILABLE,
  STORE_FULL: status.RESOURCE_EXHAUSTED,
  DRAINING: status.UNAVAILABLE,
  INTERNAL: status.INTERNAL,
  REQUEST_TOO_LARGE: status.RESOURCE_EXHAUSTED,
  OVERLOADED: status.UNAVAILABLE,
  API_TOKEN_INVALID: status.UNAUTHENTICATED,
  LEASE_HELD: status.ABORTED,
  LEASE_LOST: status.ABORTED,
  CURSOR_EXPIRED: status.OUT_OF_RANGE,
  TOO_MANY_SESSIONS: status.RESOURCE_EXHAUSTED,
  SCHEMA_VIOLATION: status.INVALID_ARGUMENT,
} as const satisfies Record<Reason | 'INTERNAL', status>;

/** The `domain` of every `google.rpc.ErrorInfo` this service sends. */
export const errorDomain = 'session.v1';

export interface FailureStatus extends Status {
  /** When the call may be retried, idempotent or not: it changed nothing. */
  readonly retryAfterMs?: number;
}

/** How long a client should wait before it retries a temporary failure. */
const retryDelayMs = 100;
const retryDelay = { seconds: 0, nanos: retryDelayMs * 1_000_000 };

/**
 * Maximum length of a message. A status is sent twice in headers, the second time in base64 and with its violations, which
 * session/violations.ts bounds, and gRPC libraries accept at most 8 KiB of headers.
 */
const maxMessageLength = 512;

/**
 * The only way out for failures. Known ones keep their reason; anything else becomes INTERNAL with a fixed text and an error id,
 * and its details are only logged. The size of a status is bounded.
 */
export function toStatus(error: unknown, method: string, logger: Logger): FailureStatus {
  const known: KnownFailure = error instanceof SessionError ? error : toInternalError(error, method, logger);
  const details = [
    packAny(ErrorInfo, {
      reason: known.reason,
      domain: errorDomain,
      metadata: new Map(Object.entries(known.metadata)),
    }),
  ];
  if (known.violations.length > 0) {
    const fieldViolations = known.violations.map((each) => ({ ...each, reason: '', localizedMessage: undefined }));
    details.push(packAny(BadRequest, { fieldViolations }));
  }
  const code = statusOf[known.reason];
  if (code === status.UNAVAILABLE) details.push(packAny(RetryInfo, { retryDelay }));
  const mayRetry = code === status.UNAVAILABLE && known.metadata['maybe_applied'] !== 'true';
  return {
    code,
    message: cut(known.message, maxMessageLength),
    details,
    ...(mayRetry && { retryAfterMs: retryDelayMs }),
  };
}

/** The reason of a failure, by the name that clients see; `undefined` if it has none. */
export function reasonOf({ details }: Pick<FailureStatus, 'details'>): string | undefined {
  const info = details.find(({ typeUrl }) => typeUrl.endsWith('/google.rpc.ErrorInfo'));
  return info && ErrorInfo.decode(info.value).reason;
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/**
 * A status for grpc-js, with its details in the trailer where gRPC libraries expect them. For a call that was not started, the
 * pushback trailer makes gRPC libraries retry it by themselves
 * (https://github.com/grpc/proposal/blob/master/A6-client-retries.md#pushback).
 */
export function toServiceError({ code, message, details, retryAfterMs }: FailureStatus) {
  const metadata = new Metadata();
  if (details.length > 0) {
    metadata.set('grpc-status-details-bin', encode(Status, { code, message, details }));
  }
  if (retryAfterMs !== undefined) metadata.set('grpc-retry-pushback-ms', String(retryAfterMs));
  return { code, details: message, metadata };
}

interface KnownFailure {
  readonly reason: Reason | 'INTERNAL';
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly FieldViolation[];
}

function toInternalError(error: unknown, method: string, logger: Logger): KnownFailure {
  const errorId = randomUUID();
  logger.error({ errorId, method, err: error }, 'call failed');
  return {
    reason: 'INTERNAL',
    message: `Internal error ${errorId}. See the sidecar's log.`,
    metadata: { error_id: errorId },
    violations: [],
  };
}

const typeNames = new Map<unknown, string>([
  [ErrorInfo, 'google.rpc.ErrorInfo'],
  [BadRequest, 'google.rpc.BadRequest'],
  [RetryInfo, 'google.rpc.RetryInfo'],
]);

function packAny<T>(type: Encodable<T>, message: T) {
  const typeUrl = `type.googleapis.com/${typeNames.get(type) ?? ''}`;
  return { typeUrl, value: encode(type, message) };
}
