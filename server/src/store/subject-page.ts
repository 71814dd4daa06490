import { dataBytes } from '../session/content';
import type { ListedSession, SubjectPage, SubjectPageRequest } from '../session/session-store';

/** At least what a message adds to each key and value. */
const entryBytes = 16;

/** Fills a page of a subject's sessions. */
export class SubjectPageBuilder {
  readonly #request: SubjectPageRequest;
  readonly #sessions: ListedSession[] = [];
  #bytes = 0;
  #isFull = false;

  constructor(request: SubjectPageRequest) {
    this.#request = request;
  }

  /** Adds the next session, in the order of handles. @returns `false` if it belongs on the next page */
  add(session: ListedSession): boolean {
    const { size, maxDataBytes = Infinity } = this.#request;
    const count = this.#sessions.length;
    this.#bytes += dataBytes(session.data) + entryBytes * session.data.size;
    this.#isFull = count === size || (count > 0 && this.#bytes > maxDataBytes);
    if (!this.#isFull) this.#sessions.push(session);
    return !this.#isFull;
  }

  toPage(): SubjectPage {
    return { sessions: this.#sessions, next: this.#isFull ? this.#sessions.at(-1)?.handle : undefined };
  }
}
