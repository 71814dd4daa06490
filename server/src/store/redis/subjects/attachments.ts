import { randomBytes } from 'node:crypto';
import { SessionError, UnreadableRecordError } from '../../../session/errors';
import { keptMsOf } from './lifetime';
import type { Lifetime } from './lifetime';
import type { LoginLimiter } from './login-limiter';
import type { SubjectIndex } from './subject-index';
import type { SubjectUpkeep } from './upkeep';

export interface AttachmentsParts {
  readonly index: SubjectIndex;
  readonly upkeep: SubjectUpkeep;
  /** `undefined`: a subject may have any number of sessions. */
  readonly limiter: LoginLimiter | undefined;
  /** Time limit of one Redis command, in ms. */
  readonly commandTimeoutMs: number;
}

/** A change that gives a session a subject, or a longer life to a session with a subject. */
export interface AttachingChange<Result> {
  readonly handle: string;
  readonly subject: string;
  readonly lifetime: Lifetime;
  /** Whether it gives the session the subject, unless the session has it already. */
  readonly isLogin: boolean;
  /** As {@link Login.makeWithout}, with a deadline. */
  readonly makeWithout?: (deadline: number) => Promise<Result | undefined>;
  /** Makes the change before the deadline, by `performance.now()`, or never. */
  readonly make: (deadline: number) => Promise<Result>;
  readonly wasMade: (result: Result) => boolean;
}

/** Maximum time for a change and its entry: ending the sessions of a subject waits for changes whose sidecar has died. */
const maxChangeMs = 30_000;

/** A change ends this long before its attachment, because it is timed by this process's clock. */
const marginMs = 250;

/** Makes changes so that the index has an entry before a session has the subject, and says so while the change is in flight. */
export class Attachments {
  readonly #parts: AttachmentsParts;

  constructor(parts: AttachmentsParts) {
    this.#parts = parts;
  }

  async attach<Result>(change: AttachingChange<Result>, deadline = Infinity): Promise<Result> {
    const { upkeep, commandTimeoutMs } = this.#parts;
    const { handle, subject } = change;
    const changeDeadline = Math.min(deadline, performance.now() + Math.min(2 * commandTimeoutMs, maxChangeMs));
    const id = randomBytes(6).toString('base64url');
    const answered = await this.#admit(change, id, changeDeadline);
    if (answered !== undefined) return answered.result;
    try {
      const result = await change.make(changeDeadline);
      if (change.wasMade(result)) upkeep.settle(subject, handle, id);
      else upkeep.sweep(subject, handle, id);
      return result;
    } catch (error) {
      // Otherwise the attachment stays until the change cannot be made any more.
      if (wasCertainlyNotMade(error)) upkeep.sweep(subject, handle, id);
      throw error;
    }
  }

  /** @returns the outcome of a change that needed no attachment */
  async #admit<Result>(
    { handle, subject, lifetime, isLogin, makeWithout }: AttachingChange<Result>,
    id: string,
    deadline: number,
  ): Promise<{ readonly result: Result } | undefined> {
    const { index, limiter } = this.#parts;
    const attach = (maxEntries?: number): Promise<boolean> => {
      const pendingMs = Math.ceil(Math.max(0, deadline - performance.now())) + marginMs;
      const attachment = { handle, id, pendingMs, keptMs: keptMsOf(lifetime), maxEntries };
      return index.attach(subject, attachment, deadline);
    };
    if (limiter !== undefined && isLogin) {
      const tryWithout = makeWithout && (() => makeWithout(deadline));
      return limiter.admit({ handle, subject, attach, makeWithout: tryWithout, deadline });
    }
    await attach();
    return undefined;
  }
}

function wasCertainlyNotMade(error: unknown): boolean {
  if (error instanceof UnreadableRecordError) return true;
  return error instanceof SessionError && error.metadata['maybe_applied'] !== 'true';
}
