import { pageSize } from './limits';
import type { Limits } from './limits';
import { checkInvalidation, checkList } from './requests';
import type { InvalidateSubject, ListSubject } from './requests';
import type { SessionEvents } from './session-events';
import type { ListedSession, SessionRef, SessionStore } from './session-store';
import { verifiedRef } from './verified-ref';
import type { Tokens } from '../tokens/token';

export interface SubjectManagerParts {
  readonly store: SessionStore;
  readonly tokens: Tokens;
  readonly limits: Limits;
  readonly events: Pick<SessionEvents, 'onInvalidated' | 'onLookup'>;
}

export interface SubjectSessions {
  readonly sessions: readonly (ListedSession & { readonly isCurrent: boolean })[];
  /** Empty: this was the last page. */
  readonly nextPageToken: string;
}

/** The use cases on all sessions of a subject. Failures and deadlines are as in {@link SessionManager}. */
export class SubjectManager {
  readonly #parts: SubjectManagerParts;

  constructor(parts: SubjectManagerParts) {
    this.#parts = parts;
  }

  async list(request: ListSubject, deadline?: number): Promise<SubjectSessions> {
    const current = this.#verifyIfGiven(request.currentToken);
    checkList(request);
    const { subject, pageToken, includeData } = request;
    const page = {
      after: pageToken === '' ? undefined : pageToken,
      size: request.pageSize === 0 ? pageSize.default : request.pageSize,
      maxDataBytes: includeData ? this.#parts.limits.maxReplyBytes : undefined,
    };
    const { sessions, next = '' } = await this.#parts.store.listSubject(subject, page, deadline);
    return {
      sessions: sessions.map((session) => ({ ...session, isCurrent: isSame(session, current) })),
      nextPageToken: next,
    };
  }

  /** @returns how many sessions have ended */
  async invalidate(request: InvalidateSubject, deadline?: number): Promise<number> {
    const except = this.#verifyIfGiven(request.exceptToken);
    checkInvalidation(request);
    const { subject, handles } = request;
    const only = handles.length === 0 ? undefined : new Set(handles);
    const count = await this.#parts.store.deleteSubject(subject, { except, only }, deadline);
    this.#parts.events.onInvalidated(count);
    return count;
  }

  #verifyIfGiven(token: string | undefined): SessionRef | undefined {
    return token === undefined ? undefined : verifiedRef(token, this.#parts.tokens, this.#parts.events);
  }
}

/** A session whose token was replaced is not that of the old token. */
function isSame({ handle, secretHash }: SessionRef, current: SessionRef | undefined): boolean {
  return handle === current?.handle && secretHash === current.secretHash;
}
