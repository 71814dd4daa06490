import type { SessionMetadata } from './session';

/** How many sessions a subject may have at a time. */
export interface SubjectLimit {
  /** 1 or more. */
  readonly maxSessions: number;
  /** What happens when a session would be one too many: it does not get the subject, or the oldest one ends. */
  readonly action: SubjectLimitAction;
}

export type SubjectLimitAction = 'end-oldest' | 'refuse';

/** `refused`: a session did not get its subject; `ended`: a session ended to make room for another. */
export type SubjectLimitResult = (typeof subjectLimitResults)[number];

export const subjectLimitResults = ['refused', 'ended'] as const;

/** What the store reports of the limit, for metrics. Must not throw. */
export interface SubjectLimitObserver {
  subjectLimitReached(result: SubjectLimitResult): void;
}

/**
 * The sessions that end so that there is room for one more, the oldest first: those whose last recorded access is longest ago. Not by
 * creation, because a session often exists long before its visitor logs in.
 */
export function surplusOf<Session extends Pick<SessionMetadata, 'accessed' | 'created'>>(
  sessions: readonly Session[],
  { maxSessions }: SubjectLimit,
): Session[] {
  const surplus = Math.max(0, sessions.length + 1 - maxSessions);
  return sessions
    .toSorted((one, other) => one.accessed - other.accessed || one.created - other.created)
    .slice(0, surplus);
}
