import type { SubjectLimit } from '../../server/src/session/subject-limit';
import { twentyMinutes } from '../support/store-harness';

interface ModelSession {
  readonly handle: string;
  subject: string | undefined;
  accessed: number;
}

/** What becomes of an act: its outcome, and of which sessions one must end. */
export interface Expected {
  readonly outcome: 'updated' | 'created' | 'not_found' | 'refused';
  readonly endsOneOf: readonly string[];
}

const touchInterval = 60_000;
const lifetime = twentyMinutes.idleTimeout! + touchInterval;

/** Sessions and the limit of them per subject, as the documents describe them. */
export class SubjectLimitModel {
  #sessions: ModelSession[] = [];
  #now = 0;
  readonly #limit: SubjectLimit;

  constructor(limit: SubjectLimit) {
    this.#limit = limit;
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds;
    this.#sessions = this.#sessions.filter(({ accessed }) => this.#now < accessed + lifetime);
  }

  handlesOf(subject: string): string[] {
    return this.#ofSubject(subject).map(({ handle }) => handle);
  }

  create(handle: string, subject: string | undefined): Expected {
    const expected = this.#admit(handle, subject, 'created');
    if (expected.outcome === 'created') this.#sessions.push({ handle, subject, accessed: this.#now });
    return expected;
  }

  login(handle: string, subject: string | undefined): Expected {
    const session = this.#find(handle);
    if (session === undefined) return { outcome: 'not_found', endsOneOf: [] };
    const expected = this.#admit(handle, subject, 'updated');
    if (expected.outcome === 'updated') Object.assign(session, { subject, accessed: this.#now });
    return expected;
  }

  use(handle: string): Expected {
    const session = this.#find(handle);
    if (session === undefined) return { outcome: 'not_found', endsOneOf: [] };
    if (this.#now - session.accessed >= touchInterval) session.accessed = this.#now;
    return { outcome: 'updated', endsOneOf: [] };
  }

  logout(handle: string): Expected {
    const isThere = this.#find(handle) !== undefined;
    this.end(handle);
    return { outcome: isThere ? 'updated' : 'not_found', endsOneOf: [] };
  }

  end(handle: string): void {
    this.#sessions = this.#sessions.filter((session) => session.handle !== handle);
  }

  #admit(handle: string, subject: string | undefined, outcome: 'created' | 'updated'): Expected {
    const sessions = subject === undefined ? [] : this.#ofSubject(subject);
    const others = sessions.filter((session) => session.handle !== handle);
    const isNew = others.length === sessions.length;
    if (!isNew || others.length < this.#limit.maxSessions) return { outcome, endsOneOf: [] };
    if (this.#limit.action === 'refuse') return { outcome: 'refused', endsOneOf: [] };
    const oldest = Math.min(...others.map(({ accessed }) => accessed));
    const endsOneOf = others.filter(({ accessed }) => accessed === oldest).map((session) => session.handle);
    return { outcome, endsOneOf };
  }

  #ofSubject(subject: string): ModelSession[] {
    return this.#sessions.filter((session) => session.subject === subject);
  }

  #find(handle: string): ModelSession | undefined {
    return this.#sessions.find((session) => session.handle === handle);
  }
}
