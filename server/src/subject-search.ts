import type { FoundSession, SearchSubject } from './inspector/found-sessions';
import { SessionError } from './session/errors';
import type { SubjectManager, SubjectSessions } from './session/subject-manager';

const pageSize = 100;
const timeoutMs = 5_000;

/** Lists sessions of a subject for the inspector. Not a part of it, because a class of another file of the bundle is another class. */
export function subjectSearch(subjects: Pick<SubjectManager, 'list'>): SearchSubject {
  return async (subject) => {
    try {
      const query = { subject, pageSize, pageToken: '', includeData: false };
      const { sessions, nextPageToken } = await subjects.list(query, performance.now() + timeoutMs);
      const sorted = sessions.toSorted((one, other) => other.accessed - one.accessed);
      return { subject, sessions: sorted.map(toFound), hasMore: nextPageToken !== '' };
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      return { status: error.reason === 'INVALID_ARGUMENT' ? 400 : 503, message: error.message };
    }
  };
}

type Listed = SubjectSessions['sessions'][number];

function toFound({ handle, label, created, accessed, expires, version }: Listed): FoundSession {
  return {
    ...{ handle, label: label ?? null, version },
    created: toIso(created),
    accessed: toIso(accessed),
    expires: expires === undefined ? null : toIso(expires),
  };
}

function toIso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
