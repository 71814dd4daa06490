import type { MutationResult } from '@session-sidecar/proto/session/v1/session';
import type { NotModified } from '@session-sidecar/proto/session/v1/session_service';
import { SessionError } from '../errors/session-error';
import type { LoadedSession } from '../transport/own-reply';

/*
 * What replies must contain and protobuf cannot guarantee. A reply that lacks it fails the call with INTERNAL, as one that cannot
 * be decoded does.
 */

export function replySession({ session }: { readonly session?: LoadedSession | undefined }): LoadedSession {
  if (session === undefined) throw malformed('it has no session');
  replyTime(session.created);
  replyTime(session.expires);
  return session;
}

export function replyNotModified({ notModified }: { readonly notModified?: NotModified | undefined }): NotModified {
  if (notModified === undefined) throw malformed('it does not say that nothing was modified');
  replyTime(notModified.expires);
  return notModified;
}

export function replyToken({ token }: { readonly token: string }): string {
  if (token === '') throw malformed('it has no token');
  return token;
}

/** A time out of JavaScript's range is decoded as an invalid Date, which would fail wherever it is used. */
export function replyTime(time: Date | undefined): Date | undefined {
  if (time !== undefined && Number.isNaN(time.getTime())) throw malformed('a time is out of range');
  return time;
}

/** @param count the number of mutations in the request */
export function replyResults(results: readonly MutationResult[], count: number): readonly MutationResult[] {
  if (results.length !== count) throw malformed(`it has ${results.length} results for ${count} mutations`);
  return results;
}

function malformed(how: string): SessionError {
  return new SessionError('INTERNAL', `The sidecar sent a malformed reply: ${how}.`);
}
