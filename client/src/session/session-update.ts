import type { Mutation, MutationResult } from '@session-sidecar/proto/session/v1/session';
import type { Duration } from '@session-sidecar/proto/google/protobuf/duration';
import type { CreateSessionRequest } from '@session-sidecar/proto/session/v1/session_service';

/** A text that a session has, to be replaced; the empty string: none. `undefined`: it stays. */
export type NewText = { readonly value: string } | undefined;

/** Everything that a save sends, and what to do once the sidecar has applied it. */
export interface SessionUpdate {
  readonly mutations: Mutation[];
  readonly idleTimeout: { readonly value: number | 'never' } | undefined;
  readonly subject: NewText;
  readonly label: NewText;
  settle(results: readonly MutationResult[]): void;
}

export const noUpdate: SessionUpdate = {
  mutations: [],
  idleTimeout: undefined,
  subject: undefined,
  label: undefined,
  settle: () => {},
};

/** What a session has besides its content; `undefined`: none. */
export interface SessionTexts {
  readonly subject: string | undefined;
  readonly label: string | undefined;
}

/** The texts of a session that an update replaces. */
export function newTexts({ subject, label }: Pick<SessionUpdate, keyof SessionTexts>): Partial<SessionTexts> {
  return {
    ...(subject && { subject: subject.value || undefined }),
    ...(label && { label: label.value || undefined }),
  };
}

/** The same as a request has them: the empty string for none, `undefined` for what stays. */
export function sentTexts({ subject, label }: Pick<SessionUpdate, keyof SessionTexts>): SessionTexts {
  return { subject: subject?.value, label: label?.value };
}

/** Whether an update makes a new version even if no mutation applies. */
export function changesTerms({ idleTimeout, subject, label }: SessionUpdate): boolean {
  return [idleTimeout, subject, label].some((term) => term !== undefined);
}

export function idleExpiryOf(timeout: SessionUpdate['idleTimeout']): CreateSessionRequest['idleExpiry'] {
  if (!timeout) return undefined;
  if (timeout.value === 'never') return { $case: 'noIdleTimeout', value: true };
  return { $case: 'idleTimeout', value: durationOf(timeout.value) };
}

/** @param milliseconds `undefined`: there is none */
export function durationOf(milliseconds: number): Duration;
export function durationOf(milliseconds: number | undefined): Duration | undefined;
export function durationOf(milliseconds: number | undefined): Duration | undefined {
  if (milliseconds === undefined) return undefined;
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanos: (milliseconds % 1000) * 1e6 };
}
