import type { Mutation, MutationResult } from '@session-sidecar/proto/session/v1/session';
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

export function idleExpiryOf(timeout: SessionUpdate['idleTimeout']): CreateSessionRequest['idleExpiry'] {
  if (!timeout) return undefined;
  if (timeout.value === 'never') return { $case: 'noIdleTimeout', value: true };
  const seconds = Math.floor(timeout.value / 1000);
  return { $case: 'idleTimeout', value: { seconds, nanos: (timeout.value % 1000) * 1e6 } };
}
