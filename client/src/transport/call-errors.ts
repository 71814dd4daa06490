import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { SessionError } from '../errors/session-error';
import { toSessionError } from '../errors/from-grpc';

/*
 * What calls fail with, besides what the sidecar answers. `what` is the call and where it goes, for the message.
 */

/** In place of an outcome. */
export const emptyReply = { code: status.INTERNAL, message: 'The reply says nothing', details: [] };

/** What ended the stream is not what became of the calls on it: INVALID_ARGUMENT, say, would be taken for theirs. */
export function streamLost(cause: ServiceError | undefined, what: string): SessionError {
  const message = cause?.details ?? 'The stream ended before the answer came';
  return toSessionError({ code: status.UNAVAILABLE, message, details: [] }, what, cause);
}

export function undecodableReply(what: string, cause: Error): SessionError {
  return toSessionError({ code: status.INTERNAL, message: 'The reply cannot be decoded', details: [] }, what, cause);
}

export function requestTooLarge(what: string, bytes: number, maxBytes: number): SessionError {
  const message = `A request has at most ${maxBytes} bytes, this one has ${bytes}.`;
  return new SessionError('SESSION_TOO_LARGE', `${what} was not sent: ${message}`);
}

export function deadlineExceeded(what: string): SessionError {
  return toSessionError({ code: status.DEADLINE_EXCEEDED, message: 'Deadline exceeded', details: [] }, what);
}

export function aborted(what: string, signal: AbortSignal): SessionError {
  return new SessionError('CANCELLED', `${what} was given up: its signal was aborted.`, { cause: signal.reason });
}

export function clientClosed(what: string): SessionError {
  return new SessionError('CANCELLED', `${what} was not sent: the SessionClient is closed.`);
}
