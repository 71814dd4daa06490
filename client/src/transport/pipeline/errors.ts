import { status } from '@grpc/grpc-js';
import { toSessionError } from '../../errors/from-grpc';
import { SessionError } from '../../errors/session-error';

/*
 * What only calls on a stream fail with. `call` is the call and its destination, for the message: `GetSession at localhost:50051`.
 */

/** Takes the place of a missing outcome. */
export const emptyReply = { code: status.INTERNAL, message: 'The reply has no outcome', details: [] };

export function undecodableReply(call: string, cause: Error): SessionError {
  return toSessionError({ code: status.INTERNAL, message: 'The reply cannot be decoded', details: [] }, call, cause);
}

export function requestTooLarge(call: string, bytes: number, maxBytes: number): SessionError {
  const message = `A request has at most ${maxBytes} bytes, this one has ${bytes}.`;
  return new SessionError('SESSION_TOO_LARGE', `${call} was not sent: ${message}`);
}
