import type { Mutation, MutationResult } from '@session-sidecar/proto/session/v1/session';
import type { CreateSessionRequest } from '@session-sidecar/proto/session/v1/session_service';

/** Everything that a save sends, and what to do once the sidecar has applied it. */
export interface SessionUpdate {
  readonly mutations: Mutation[];
  readonly idleTimeout: { readonly value: number | 'never' } | undefined;
  /** The empty string: none. */
  readonly subject: { readonly value: string } | undefined;
  settle(results: readonly MutationResult[]): void;
}

export const noUpdate: SessionUpdate = { mutations: [], idleTimeout: undefined, subject: undefined, settle: () => {} };

export function subjectOf(subject: SessionUpdate['subject']): { subject?: string | undefined } {
  return subject ? { subject: subject.value || undefined } : {};
}

export function idleExpiryOf(timeout: SessionUpdate['idleTimeout']): CreateSessionRequest['idleExpiry'] {
  if (!timeout) return undefined;
  if (timeout.value === 'never') return { $case: 'noIdleTimeout', value: true };
  const seconds = Math.floor(timeout.value / 1000);
  return { $case: 'idleTimeout', value: { seconds, nanos: (timeout.value % 1000) * 1e6 } };
}
