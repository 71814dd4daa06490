import type { MutationResult, Session } from '@session-sidecar/proto/session/v1/session';
import { SessionError } from '../errors/session-error';

/*
 * What a reply must hold for the client to go on, and protobuf cannot promise. What a reply lacks fails the call with INTERNAL,
 * as bytes do that cannot be decoded.
 */

export function replySession({ session }: { readonly session?: Session | undefined }): Session {
  if (session === undefined) throw malformed('it has no session');
  replyTime(session.created);
  replyTime(session.expires);
  return session;
}

export function replyToken({ token }: { readonly token: string }): string {
  if (token === '') throw malformed('it has no token');
  return token;
}

/** Dates that JavaScript cannot hold become invalid ones, which fail wherever they are used. */
export function replyTime(time: Date | undefined): Date | undefined {
  if (time !== undefined && Number.isNaN(time.getTime())) throw malformed('a time is out of range');
  return time;
}

/** @param count of the mutations in the request */
export function replyResults(results: readonly MutationResult[], count: number): readonly MutationResult[] {
  if (results.length !== count) throw malformed(`it has ${results.length} results for ${count} mutations`);
  return results;
}

function malformed(how: string): SessionError {
  return new SessionError('INTERNAL', `The reply of the sidecar is malformed: ${how}.`);
}
