import { graceRange, leaseRange } from './lease';
import { invalidArgument } from './errors';
import { maxHandles, pageSize } from './limits';
import type { Limits } from './limits';
import { limitExceeded } from './refusals';
import type { Mutation, SessionUpdate } from './session-update';
import {
  attributeViolations,
  durationViolations,
  fenceViolations,
  handlesViolations,
  handleViolations,
  idleTimeoutViolations,
  mutationsViolations,
  mutationViolations,
  nameViolations,
  pageSizeViolations,
  versionViolations,
} from './validation';
import type { LeaseRequest } from './session-store';
import type { FieldViolation } from './violations';

/*
 * The only place that validates requests. A token is verified first, so only callers that own a session get the other violations,
 * and all of them at once.
 */

/** A request as it was received. */
export interface RequestedUpdate {
  /** `undefined` for a mutation of an unknown kind. */
  readonly mutations: readonly (Mutation | undefined)[];
  /** In milliseconds; `false`: `no_idle_timeout` is false, which is not valid. */
  readonly idleTimeout?: number | 'never' | false | undefined;
  readonly subject?: string | undefined;
  readonly label?: string | undefined;
  readonly ifVersion?: number | undefined;
  readonly fence?: number | undefined;
  /** In milliseconds. */
  readonly grace?: number | undefined;
  /** Of a new session. */
  readonly id?: string | undefined;
}

export type CreateSession = Omit<RequestedUpdate, 'ifVersion' | 'fence' | 'grace'> & {
  /** That of a session which began elsewhere, in base64url or hexadecimal; not part of the API. Default: a new one. */
  readonly csrfToken?: string | undefined;
};
export type UpdateSession = Omit<RequestedUpdate, 'id' | 'grace'>;
export type RegenerateSession = Pick<RequestedUpdate, 'mutations' | 'subject' | 'label' | 'fence' | 'grace'>;
export type PushFlash = Omit<Extract<Mutation, { readonly kind: 'push_flash' }>, 'kind'>;

export interface ListSubject {
  readonly subject: string;
  /** 0: the default. */
  readonly pageSize: number;
  /** Empty: the first page. */
  readonly pageToken: string;
  readonly currentToken?: string | undefined;
  readonly includeData: boolean;
}

export interface InvalidateSubject {
  readonly subject: string;
  readonly exceptToken?: string | undefined;
  /** Empty: all sessions. */
  readonly handles: readonly string[];
}

export interface AcquireLease {
  /** In milliseconds; `undefined`: missing, which is not valid. */
  readonly duration: number | undefined;
  readonly holder: string;
}

export type CheckedUpdate = Pick<SessionUpdate, 'idleTimeout' | 'subject' | 'label' | 'ifVersion' | 'fence'> & {
  readonly mutations: readonly Mutation[];
  readonly grace?: number | undefined;
};

/** @throws SessionError INVALID_ARGUMENT with every invalid field; or a limit, before anything is parsed */
export function checkedUpdate(request: RequestedUpdate, limits: Limits, { isNew } = { isNew: false }): CheckedUpdate {
  const { mutations, idleTimeout, subject, label, ifVersion, fence, grace, id } = request;
  refuseExcess(mutations, limits);
  refuseIfAny([
    ...mutationsViolations(mutations),
    ...idleTimeoutViolations(idleTimeout),
    ...attributeViolations('subject', subject, { mayBeEmpty: !isNew }),
    ...attributeViolations('label', label, { mayBeEmpty: !isNew }),
    ...versionViolations(ifVersion),
    ...fenceViolations(fence),
    ...graceViolations(grace, subject),
    ...(id === undefined ? [] : nameViolations('id', id)),
  ]);
  return request as CheckedUpdate;
}

/** @throws SessionError INVALID_ARGUMENT */
export function checkedLease({ duration, holder }: AcquireLease): LeaseRequest {
  refuseIfAny([...durationViolations('duration', duration, leaseRange), ...nameViolations('holder', holder)]);
  return { durationMs: duration ?? leaseRange.min, holder };
}

/** @throws SessionError INVALID_ARGUMENT */
export function checkFence(fence: number): void {
  refuseIfAny(fenceViolations(fence));
}

/** @throws SessionError INVALID_ARGUMENT */
export function checkedMutation(mutation: Mutation): Mutation {
  refuseIfAny(mutationViolations(mutation, ''));
  return mutation;
}

/** @throws SessionError INVALID_ARGUMENT */
export function checkId(id: string, token: string): void {
  const description = 'Expected either a token or an id, got both.';
  refuseIfAny([...nameViolations('id', id), ...(token === '' ? [] : [{ field: 'token', description }])]);
}

/** @throws SessionError INVALID_ARGUMENT */
export function checkQueue(queue: string): void {
  refuseIfAny(nameViolations('queue', queue, { mayBeEmpty: true }));
}

/** The old token must not find the session of another subject: an attacker may have planted it before a login. */
function graceViolations(grace: number | undefined, subject: string | undefined): FieldViolation[] {
  if (grace === undefined) return [];
  const description = 'Expected no grace together with a subject, got both.';
  return [
    ...durationViolations('grace', grace, graceRange),
    ...(subject === undefined ? [] : [{ field: 'grace', description }]),
  ];
}

/** @throws SessionError INVALID_ARGUMENT with every invalid field */
export function checkList({ subject, pageSize: size, pageToken }: ListSubject): void {
  refuseIfAny([
    ...nameViolations('subject', subject),
    ...pageSizeViolations(size, pageSize.max),
    ...(pageToken === '' ? [] : handleViolations('page_token', pageToken)),
  ]);
}

/** @throws SessionError INVALID_ARGUMENT with every invalid field */
export function checkInvalidation({ subject, handles }: InvalidateSubject): void {
  refuseIfAny([...nameViolations('subject', subject), ...handlesViolations(handles, maxHandles)]);
}

/** Bounds the cost of a request. */
function refuseExcess(mutations: RequestedUpdate['mutations'], limits: Limits): void {
  if (mutations.length > limits.maxMutations) throw limitExceeded('maxMutations', limits);
  const { maxSessionBytes } = limits;
  if (mutations.some((mutation) => mutation?.kind === 'append' && mutation.value.length > maxSessionBytes)) {
    throw limitExceeded('maxSessionBytes', limits);
  }
}

function refuseIfAny(violations: readonly FieldViolation[]): void {
  if (violations.length > 0) throw invalidArgument(violations);
}
