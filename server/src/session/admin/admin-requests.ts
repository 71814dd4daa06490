import { invalidArgument } from '../errors';
import { maxHandles, pageSize } from '../limits';
import { handlesViolations, handleViolations, nameViolations, pageSizeViolations } from '../validation';
import type { FieldViolation } from '../violations';
import type { RevocationConditions } from './session-inventory';

/* Requests of operators as they were received, and what is wrong with them. */

export interface GetSessions {
  readonly handles: readonly string[];
  readonly tokens: readonly string[];
  /** Empty: none. */
  readonly subject: string;
  /** 0: the default. */
  readonly pageSize: number;
  /** Empty: the first page. */
  readonly pageToken: string;
  readonly includeData: boolean;
}

export interface RevokeSessions extends RevocationConditions {
  /** Empty: none. */
  readonly subject: string;
  readonly dryRun: boolean;
}

/** @throws SessionError INVALID_ARGUMENT with every invalid field */
export function checkGetSessions(request: GetSessions): void {
  const { handles, tokens, subject, pageToken } = request;
  const ways = [handles.length > 0, tokens.length > 0, subject !== ''].filter(Boolean).length;
  refuseIfAny([
    ...handlesViolations(handles, maxHandles),
    ...(tokens.length > maxHandles
      ? [{ field: 'tokens', description: `Expected at most ${maxHandles}, got ${tokens.length}.` }]
      : []),
    ...(subject === '' ? [] : nameViolations('subject', subject)),
    ...pageSizeViolations(request.pageSize, pageSize.max),
    ...(pageToken === '' ? [] : handleViolations('page_token', pageToken)),
    ...(subject === '' ? onlyWithSubject(request) : []),
    ...(ways === 1 ? [] : [{ field: '', description: `Expected one of handles, tokens and subject, got ${ways}.` }]),
  ]);
}

function onlyWithSubject({ pageSize: size, pageToken }: GetSessions): FieldViolation[] {
  const description = 'Expected it only together with subject.';
  return [
    ...(size === 0 ? [] : [{ field: 'page_size', description }]),
    ...(pageToken === '' ? [] : [{ field: 'page_token', description }]),
  ];
}

/** @throws SessionError INVALID_ARGUMENT with every invalid field */
export function checkRevokeSessions(request: RevokeSessions): void {
  const { subject, createdBefore, notAccessedSince, signingKey, includeUnknownKeys } = request;
  const others = [createdBefore, notAccessedSince, signingKey].filter((each) => each !== undefined).length;
  refuseIfAny([
    ...(subject === '' ? [] : nameViolations('subject', subject)),
    ...timeViolations('created_before', createdBefore),
    ...timeViolations('not_accessed_since', notAccessedSince),
    ...(signingKey === undefined ? [] : fingerprintViolations(signingKey)),
    ...(includeUnknownKeys && signingKey === undefined
      ? [{ field: 'include_unknown_keys', description: 'Expected it only together with signing_key.' }]
      : []),
    ...selectionViolations(subject !== '', others),
  ]);
}

function selectionViolations(hasSubject: boolean, others: number): FieldViolation[] {
  if (hasSubject && others > 0)
    return [{ field: 'subject', description: 'Expected nothing else together with subject.' }];
  if (hasSubject || others > 0) return [];
  return [
    {
      field: '',
      description: 'Expected subject, created_before, not_accessed_since or signing_key, got none of them.',
    },
  ];
}

/** A time that the message cannot express is not a number here. */
function timeViolations(field: string, time: number | undefined): FieldViolation[] {
  if (time === undefined || time >= 0) return [];
  return [{ field, description: 'Expected a time after the beginning of 1970.' }];
}

function fingerprintViolations(signingKey: string): FieldViolation[] {
  if (/^[\w-]{8}$/.test(signingKey)) return [];
  const description = `Expected the fingerprint of a key, 8 characters, got another text of ${signingKey.length} characters.`;
  return [{ field: 'signing_key', description }];
}

function refuseIfAny(violations: readonly FieldViolation[]): void {
  if (violations.length > 0) throw invalidArgument(violations);
}
