import { pageSize } from '../limits';
import type { SessionStore } from '../session-store';

/** The handles of all sessions of a subject, page by page. */
export async function* subjectHandles(
  store: Pick<SessionStore, 'listSubject'>,
  subject: string,
): AsyncGenerator<readonly string[], void> {
  let after: string | undefined;
  do {
    const page = await store.listSubject(subject, { after, size: pageSize.max, maxDataBytes: undefined });
    yield page.sessions.map(({ handle }) => handle);
    after = page.next;
  } while (after !== undefined);
}
