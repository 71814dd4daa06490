import { invalidArgument } from './errors';
import type { Limits } from './limits';
import { limitExceeded } from './refusals';
import type { Mutation, SessionUpdate } from './session-update';
import {
  idleTimeoutViolations,
  mutationsViolations,
  mutationViolations,
  nameViolations,
  subjectViolations,
  versionViolations,
} from './validation';
import type { FieldViolation } from './violations';

/*
 * What requests ask for, and the one place that checks it. Where a request has a token, that is verified first, so only
 * callers that own a session learn what else is wrong, and they learn all of it at once.
 */

/** What a request asks for, as it came. */
export interface RequestedUpdate {
  /** `undefined` in the place of a mutation of a kind that this version does not know. */
  readonly mutations: readonly (Mutation | undefined)[];
  /** In milliseconds; `false`: the request has a `no_idle_timeout` that is false, which means nothing. */
  readonly idleTimeout?: number | 'never' | false | undefined;
  readonly subject?: string | undefined;
  readonly ifVersion?: number | undefined;
}

export type CreateSession = Omit<RequestedUpdate, 'ifVersion'>;
export type UpdateSession = RequestedUpdate;
export type RegenerateSession = Pick<RequestedUpdate, 'mutations' | 'subject'>;
export type PushFlash = Omit<Extract<Mutation, { readonly kind: 'push_flash' }>, 'kind'>;

export type CheckedUpdate = Pick<SessionUpdate, 'idleTimeout' | 'subject' | 'ifVersion'> & {
  readonly mutations: readonly Mutation[];
};

/** @throws SessionError INVALID_ARGUMENT with every field that is wrong; or a limit, before anything is parsed */
export function checkedUpdate(request: RequestedUpdate, limits: Limits, { isNew } = { isNew: false }): CheckedUpdate {
  const { mutations, idleTimeout, subject, ifVersion } = request;
  refuseExcess(mutations, limits);
  refuseIfAny([
    ...mutationsViolations(mutations),
    ...idleTimeoutViolations(idleTimeout),
    ...subjectViolations(subject, { mayBeEmpty: !isNew }),
    ...versionViolations(ifVersion),
  ]);
  return request as CheckedUpdate;
}

/** @throws SessionError INVALID_ARGUMENT */
export function checkedMutation(mutation: Mutation): Mutation {
  refuseIfAny(mutationViolations(mutation, ''));
  return mutation;
}

/** @throws SessionError INVALID_ARGUMENT */
export function checkQueue(queue: string): void {
  refuseIfAny(nameViolations('queue', queue, { mayBeEmpty: true }));
}

/** So that a request costs no more than it may. */
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
