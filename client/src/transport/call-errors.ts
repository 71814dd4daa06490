import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { toSessionError } from '../errors/from-grpc';
import { SessionError } from '../errors/session-error';

/*
 * What calls fail with when the sidecar has not answered. `call` is the call and its destination, for the message:
 * `GetSession at localhost:50051`.
 */

/** Always UNAVAILABLE: the status that ended a stream or connection, INVALID_ARGUMENT say, is not the status of the calls on it. */
export function streamLost(cause: ServiceError | undefined, call: string): SessionError {
  const message = cause?.details ?? 'The stream ended before the reply arrived';
  return toSessionError({ code: status.UNAVAILABLE, message, details: [] }, call, cause);
}

export function deadlineExceeded(call: string): SessionError {
  return toSessionError({ code: status.DEADLINE_EXCEEDED, message: 'Deadline exceeded', details: [] }, call);
}

export function aborted(call: string, signal: AbortSignal): SessionError {
  return new SessionError('CANCELLED', `${call} was cancelled: its signal was aborted.`, { cause: signal.reason });
}

export function clientClosed(call: string): SessionError {
  return new SessionError('CANCELLED', `${call} was not sent: the SessionClient is closed.`);
}
