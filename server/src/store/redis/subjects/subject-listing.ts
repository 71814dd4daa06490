import type { SubjectPage, SubjectPageRequest } from '../../../session/session-store';
import { SubjectPageBuilder } from '../../subject-page';
import type { SessionPeeker } from './session-peeker';
import type { IndexEntry, SubjectIndex } from './subject-index';
import type { SubjectUpkeep } from './upkeep';

export interface SubjectListingParts {
  readonly index: SubjectIndex;
  readonly peeker: SessionPeeker;
  readonly upkeep: SubjectUpkeep;
}

/** Sessions that are read at the same time; fewer with their data, because each may be as large as a session can be. */
const maxInFlight = { withoutData: 64, withData: 8 } as const;

/** Lists the sessions of a subject. */
export class SubjectListing {
  readonly #parts: SubjectListingParts;

  constructor(parts: SubjectListingParts) {
    this.#parts = parts;
  }

  async list(subject: string, request: SubjectPageRequest, deadline?: number): Promise<SubjectPage> {
    const { index, peeker, upkeep } = this.#parts;
    const { after = '', size, maxDataBytes } = request;
    const withData = maxDataBytes !== undefined;
    const { entries, attachments } = await index.scan(subject, deadline);
    const attached = new Set(attachments.map(({ handle }) => handle));
    const rest = entries.filter(({ handle }) => handle > after).sort(byHandle);
    const page = new SubjectPageBuilder(request);
    const gone: IndexEntry[] = [];
    const count = Math.min(size + 1, withData ? maxInFlight.withData : maxInFlight.withoutData);
    let hasRoom = true;
    for (let from = 0; hasRoom && from < rest.length; from += count) {
      const part = rest.slice(from, from + count);
      const sessions = await Promise.all(
        part.map(({ handle }) => peeker.peek(subject, handle, { withData, deadline })),
      );
      for (const [at, session] of sessions.entries()) {
        if (session === 'unreadable') continue;
        if (session !== 'gone') hasRoom = hasRoom && page.add(session);
        else if (!attached.has(part[at]!.handle)) gone.push(part[at]!);
      }
    }
    upkeep.drop(subject, gone);
    return page.toPage();
  }
}

function byHandle(one: IndexEntry, other: IndexEntry): number {
  return one.handle < other.handle ? -1 : 1;
}
