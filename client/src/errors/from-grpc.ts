import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo, RetryInfo } from '@session-sidecar/proto/google/rpc/error_details';
import { Status } from '@session-sidecar/proto/google/rpc/status';
import type { Any } from '@session-sidecar/proto/google/protobuf/any';
import { isErrorCode, SessionError } from './session-error';
import type { SessionErrorCode, SessionErrorDetails } from './session-error';

/** The domain of the reasons in `error_reason.proto`. */
const reasonDomain = 'session.v1';

/** The codes of statuses without a reason, which come from gRPC itself. */
const codeOfStatus: ReadonlyMap<number, SessionErrorCode> = new Map<number, SessionErrorCode>([
  [status.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED'],
  [status.CANCELLED, 'CANCELLED'],
  [status.UNAVAILABLE, 'UNAVAILABLE'],
  [status.UNIMPLEMENTED, 'UNIMPLEMENTED'],
  [status.INTERNAL, 'INTERNAL'],
  // A request larger than the gRPC server accepts does not reach the code that gives a reason.
  [status.RESOURCE_EXHAUSTED, 'SESSION_TOO_LARGE'],
]);

/**
 * @param cause the error from grpc-js
 * @param call the call and its destination, for the message: `GetSession at localhost:50051`
 */
export function fromGrpcError(cause: ServiceError, call: string): SessionError {
  const { metadata } = cause as Partial<ServiceError>;
  const [trailer] = metadata?.get('grpc-status-details-bin') ?? [];
  const retryAfterMs = pushbackOf(metadata?.get('grpc-retry-pushback-ms')[0]);
  return toSessionError(
    { code: cause.code, message: cause.details, details: detailsIn(trailer) },
    call,
    cause,
    retryAfterMs,
  );
}

/** gRPC's own retry delay. Anything but a number from 0 up means: do not retry (gRFC A6). */
function pushbackOf(trailer: string | Buffer | undefined): number | undefined {
  if (trailer === undefined) return undefined;
  const text = trailer.toString();
  return /^\d+$/.test(text) ? Number(text) : Infinity;
}

/**
 * @param cause the error's cause, if any
 * @param retryAfterMs used if the details have no delay
 */
export function toSessionError(
  { code: statusCode, message, details }: Status,
  call: string,
  cause?: Error,
  retryAfterMs?: number,
): SessionError {
  const { reason, ...facts } = { retryAfterMs, ...readDetails(details) };
  const code = reason ?? codeOfStatus.get(statusCode) ?? 'UNKNOWN';
  const text = message || status[statusCode] || 'no details';
  return new SessionError(code, `${call} failed: ${/[.!?]$/.test(text) ? text : `${text}.`}`, { ...facts, cause });
}

/** The details only refine the status, so details that cannot be decoded are ignored. */
function detailsIn(trailer: unknown): Any[] {
  if (!Buffer.isBuffer(trailer)) return [];
  try {
    return Status.decode(trailer).details;
  } catch {
    return [];
  }
}

function readDetails(details: readonly Any[]): SessionErrorDetails & { reason?: SessionErrorCode } {
  let found: SessionErrorDetails & { reason?: SessionErrorCode } = {};
  try {
    for (const { typeUrl, value } of details) {
      switch (typeUrl.slice(typeUrl.lastIndexOf('/') + 1)) {
        case 'google.rpc.ErrorInfo': {
          const info = ErrorInfo.decode(value);
          if (info.domain !== reasonDomain) break;
          found = { ...found, metadata: Object.fromEntries(info.metadata) };
          if (isErrorCode(info.reason)) found.reason = info.reason;
          break;
        }
        case 'google.rpc.BadRequest': {
          const violations = BadRequest.decode(value).fieldViolations;
          found = { ...found, violations: violations.map(({ field, description }) => ({ field, description })) };
          break;
        }
        case 'google.rpc.RetryInfo': {
          const delay = RetryInfo.decode(value).retryDelay;
          if (delay) found = { ...found, retryAfterMs: delay.seconds * 1000 + delay.nanos / 1e6 };
          break;
        }
      }
    }
  } catch {
    // The details only refine the status. Those decoded so far are used.
  }
  return found;
}
