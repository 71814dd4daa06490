import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo, RetryInfo } from '@session-sidecar/proto/google/rpc/error_details';
import { Status } from '@session-sidecar/proto/google/rpc/status';
import { isErrorCode, SessionError } from './errors';
import type { SessionErrorCode, SessionErrorDetails } from './errors';

/** The domain of the reasons in `error_reason.proto`. */
const reasonDomain = 'session.v1';

/** What plain statuses mean: those that come without a reason, from gRPC itself. */
const codeOfStatus: ReadonlyMap<status, SessionErrorCode> = new Map([
  [status.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED'],
  [status.CANCELLED, 'CANCELLED'],
  [status.UNAVAILABLE, 'UNAVAILABLE'],
  [status.UNIMPLEMENTED, 'UNIMPLEMENTED'],
  [status.INTERNAL, 'INTERNAL'],
  // A request larger than the largest message a gRPC server accepts does not reach the code that would give a reason.
  [status.RESOURCE_EXHAUSTED, 'SESSION_TOO_LARGE'],
]);

/** @param call what failed and where, for the message: `GetSession at localhost:50051`. */
export function fromGrpcError(cause: ServiceError, call: string): SessionError {
  const { reason, ...details } = readDetails(cause);
  const code = reason ?? codeOfStatus.get(cause.code) ?? 'UNKNOWN';
  const text = cause.details || status[cause.code] || 'no details';
  return new SessionError(code, `${call} failed: ${/[.!?]$/.test(text) ? text : `${text}.`}`, { ...details, cause });
}

function readDetails({ metadata }: Partial<ServiceError>): SessionErrorDetails & { reason?: SessionErrorCode } {
  const [trailer] = metadata?.get('grpc-status-details-bin') ?? [];
  if (!Buffer.isBuffer(trailer)) return {};
  let found: SessionErrorDetails & { reason?: SessionErrorCode } = {};
  try {
    for (const { typeUrl, value } of Status.decode(trailer).details) {
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
    // The details only refine the status. What of them could be read is used.
  }
  return found;
}
