import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { SessionError } from '../errors';
import { toSessionError } from '../grpc-error';

/*
 * What the calls of a pipeline fail with, besides what the sidecar answers. `what` is the call and where it goes, for the message.
 */

export const noOutcome = { code: status.INTERNAL, message: 'The reply says nothing', details: [] };

/** What ended the stream is not what became of the calls on it: INVALID_ARGUMENT, say, would be taken for theirs. */
export function noStream(cause: ServiceError | undefined, what: string): SessionError {
  const message = cause?.details ?? 'The stream ended before the answer came';
  return toSessionError({ code: status.UNAVAILABLE, message, details: [] }, what, cause);
}

export function unreadable(what: string, cause: Error): SessionError {
  return toSessionError({ code: status.INTERNAL, message: 'The reply cannot be read', details: [] }, what, cause);
}

export function tooLarge(what: string, bytes: number, maxBytes: number): SessionError {
  const message = `A request has at most ${maxBytes} bytes, this one has ${bytes}.`;
  return new SessionError('SESSION_TOO_LARGE', `${what} was not sent: ${message}`);
}

export function overdue(what: string): SessionError {
  return toSessionError({ code: status.DEADLINE_EXCEEDED, message: 'Deadline exceeded', details: [] }, what);
}
