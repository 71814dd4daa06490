import type { Duration } from '@session-sidecar/proto/google/protobuf/duration';
import type * as api from '@session-sidecar/proto/session/v1/session';
import type { Mutation, MutationResult } from '../session/session-update';
import type { SessionRecord } from '../session/session';
import type { SubjectSessions } from '../session/subject-manager';

/** Mutations of an unknown kind become `undefined`. */
export function toMutations(mutations: readonly api.Mutation[]): (Mutation | undefined)[] {
  return mutations.map(({ kind }) => (kind === undefined ? undefined : toMutation(kind)));
}

function toMutation(kind: NonNullable<api.Mutation['kind']>): Mutation {
  switch (kind.$case) {
    case 'set':
      return { kind: 'set', ...kind.value };
    case 'setIfAbsent':
      return { kind: 'set_if_absent', ...kind.value };
    case 'delete':
      return { kind: 'delete', ...kind.value };
    case 'take':
      return { kind: 'take', ...kind.value };
    case 'clear':
      return { kind: 'clear' };
    case 'append':
      return { kind: 'append', ...kind.value };
    case 'increment':
      return { kind: 'increment', ...kind.value };
    case 'pushFlash':
      return { kind: 'push_flash', ...kind.value };
    case 'popFlash':
      return { kind: 'pop_flash', ...kind.value };
  }
}

export function toResults(results: readonly MutationResult[]): api.MutationResult[] {
  return results.map(({ applied, value, messages = [] }) => ({ applied, value, messages: [...messages] }));
}

type IdleExpiry =
  | { readonly $case: 'idleTimeout'; readonly value: Duration }
  | { readonly $case: 'noIdleTimeout'; readonly value: boolean }
  | undefined;

/** @returns milliseconds, or `false` if `no_idle_timeout` is false; that and fractions are not valid */
export function toIdleTimeout(idleExpiry: IdleExpiry): number | 'never' | false | undefined {
  switch (idleExpiry?.$case) {
    case 'idleTimeout':
      return toMilliseconds(idleExpiry.value);
    case 'noIdleTimeout':
      return idleExpiry.value && 'never';
    case undefined:
      return undefined;
  }
}

export function toSessionMessage(session: SessionRecord): api.Session {
  const { handle, data, flash, csrfToken, created, accessed, expires, idleTimeout, version, subject, label } = session;
  return {
    handle,
    data: data as Map<string, Buffer>,
    flashQueues: Array.from(flash, ([name, messages]) => ({ name, messageCount: messages.length })),
    csrfToken,
    created: new Date(created),
    accessed: new Date(accessed),
    expires: toDate(expires),
    idleTimeout: idleTimeout === undefined ? undefined : toDuration(idleTimeout),
    version,
    subject,
    label,
  };
}

export function toSubjectSession(session: SubjectSessions['sessions'][number]): api.SubjectSession {
  const { handle, label, created, accessed, expires, version, isCurrent, data } = session;
  return {
    handle,
    label,
    created: new Date(created),
    accessed: new Date(accessed),
    expires: toDate(expires),
    version,
    isCurrent,
    data: data as Map<string, Buffer>,
  };
}

export function toDate(milliseconds: number | undefined): Date | undefined {
  return milliseconds === undefined ? undefined : new Date(milliseconds);
}

/** May have a fraction. */
export function toMilliseconds({ seconds, nanos }: Duration): number {
  return seconds * 1000 + nanos / 1e6;
}

export function toDuration(milliseconds: number): Duration {
  return { seconds: Math.floor(milliseconds / 1000), nanos: (milliseconds % 1000) * 1e6 };
}
