import { setTimeout as delay } from 'node:timers/promises';
import { storeUnavailable, tooManySessions } from '../../../session/errors';
import { surplusOf } from '../../../session/subject-limit';
import type { SubjectLimit, SubjectLimitObserver } from '../../../session/subject-limit';
import type { SessionEnder } from './session-ender';
import type { SessionPeeker } from './session-peeker';
import type { IndexEntry, SubjectIndex } from './subject-index';

export interface LoginLimiterParts {
  readonly index: SubjectIndex;
  readonly peeker: SessionPeeker;
  readonly ender: SessionEnder;
  readonly limit: SubjectLimit;
  readonly observer: SubjectLimitObserver | undefined;
}

/** A change that gives a session a subject. */
export interface Login<Result> {
  readonly handle: string;
  readonly subject: string;
  /** Adds the entry of the session. @returns `false`: the index would have more than so many entries */
  readonly attach: (maxEntries?: number) => Promise<boolean>;
  /** Makes the change if it needs no entry, or finds why it cannot be made; `undefined`: neither, nothing was changed. */
  readonly makeWithout: (() => Promise<Result | undefined>) | undefined;
  /** When it must be over, by `performance.now()`. */
  readonly deadline: number;
}

/** A session beside that of the login. */
interface Other {
  readonly entry: IndexEntry;
  readonly accessed: number;
  readonly created: number;
}

interface Others {
  /** Those that have the subject, or may have it because their record cannot be read. */
  readonly live: readonly Other[];
  /** How many may be about to get it. */
  readonly pending: number;
}

/** Sessions that are read at the same time. */
const maxInFlight = 64;

/** How often to look whether another login is over. */
const pollMs = 20;

/**
 * Keeps the number of a subject's sessions within a limit. The index is where that is decided: every login adds its entry in one step that
 * counts the others, and an entry is there as long as its session may have the subject. So entries may be too many, but the
 * sessions never are; only when the index is full are its sessions looked at. docs/decisions/0075-session-limit.md
 */
export class LoginLimiter {
  readonly #parts: LoginLimiterParts;

  constructor(parts: LoginLimiterParts) {
    this.#parts = parts;
  }

  /**
   * Attaches the session of a login once there is room.
   *
   * @returns the outcome of a login that was made, or failed, without an entry
   * @throws SessionError TOO_MANY_SESSIONS
   */
  async admit<Result>(login: Login<Result>): Promise<{ readonly result: Result } | undefined> {
    const { maxSessions } = this.#parts.limit;
    while (!(await login.attach(maxSessions))) {
      const { live, pending } = await this.#othersOf(login);
      if (live.length >= maxSessions) {
        const result = await login.makeWithout?.();
        if (result !== undefined) return { result };
        if (await this.#hasSubject(login)) {
          await login.attach();
          return undefined;
        }
        await this.#makeRoom(login, live);
      } else if (live.length + pending >= maxSessions) {
        await pause(login.deadline);
      }
    }
    return undefined;
  }

  /** Looks at the sessions of the entries, and removes the entries of those that do not have the subject any more. */
  async #othersOf({ subject, handle, deadline }: Login<unknown>): Promise<Others> {
    const { index, peeker } = this.#parts;
    const { entries, attachments } = await index.scan(subject, deadline);
    const attached = new Set(attachments.map((attachment) => attachment.handle));
    const others = entries.filter((entry) => entry.handle !== handle);
    const live: Other[] = [];
    const gone: IndexEntry[] = [];
    for (let from = 0; from < others.length; from += maxInFlight) {
      const part = others.slice(from, from + maxInFlight);
      const peeked = await Promise.all(part.map((entry) => peeker.peek(subject, entry.handle, { deadline })));
      for (const [at, session] of peeked.entries()) {
        const entry = part[at]!;
        if (session === 'gone') gone.push(entry);
        // It may be of a newer format, which another sidecar can read.
        else if (session === 'unreadable') live.push({ entry, accessed: Infinity, created: Infinity });
        else live.push({ entry, accessed: session.accessed, created: session.created });
      }
    }
    const over = gone.filter((entry) => !attached.has(entry.handle));
    if (over.length > 0) await index.drop(subject, over);
    return { live, pending: gone.length - over.length };
  }

  /** Whether the session has the subject already: then it is none more. That there are too many has another cause. */
  async #hasSubject({ subject, handle, deadline, makeWithout }: Login<unknown>): Promise<boolean> {
    if (makeWithout === undefined) return false;
    return (await this.#parts.peeker.peek(subject, handle, { deadline })) !== 'gone';
  }

  async #makeRoom({ subject, deadline }: Login<unknown>, live: readonly Other[]): Promise<void> {
    const { index, ender, limit, observer } = this.#parts;
    if (limit.action === 'refuse') {
      observer?.subjectLimitReached('refused');
      throw tooManySessions(limit.maxSessions);
    }
    for (const { entry } of surplusOf(live, limit)) {
      if ((await ender.end(subject, entry.handle, { reason: 'limit', deadline })) === 'ended') {
        observer?.subjectLimitReached('ended');
      }
      await index.drop(subject, [entry]);
    }
  }
}

async function pause(deadline: number): Promise<void> {
  if (performance.now() + pollMs >= deadline) throw storeUnavailable(false);
  await delay(pollMs);
}
