import { randomBytes } from 'node:crypto';
import { SessionError, UnreadableRecordError } from '../../../session/errors';
import { keptMsOf } from './lifetime';
import type { Lifetime } from './lifetime';
import type { SubjectIndex } from './subject-index';
import type { SubjectUpkeep } from './upkeep';

export interface AttachmentsParts {
  readonly index: SubjectIndex;
  readonly upkeep: SubjectUpkeep;
  /** Time limit of one Redis command, in ms. */
  readonly commandTimeoutMs: number;
}

/** A change that gives a session a subject, or a longer life to a session with a subject. */
export interface AttachingChange<Result> {
  readonly handle: string;
  readonly subject: string;
  readonly lifetime: Lifetime;
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
    const { index, upkeep, commandTimeoutMs } = this.#parts;
    const { handle, subject, lifetime } = change;
    const now = performance.now();
    const changeDeadline = Math.min(deadline, now + Math.min(2 * commandTimeoutMs, maxChangeMs));
    const id = randomBytes(6).toString('base64url');
    const pendingMs = Math.ceil(Math.max(0, changeDeadline - now)) + marginMs;
    await index.attach(subject, { handle, id, pendingMs }, keptMsOf(lifetime), changeDeadline);
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
}

function wasCertainlyNotMade(error: unknown): boolean {
  if (error instanceof UnreadableRecordError) return true;
  return error instanceof SessionError && error.metadata['maybe_applied'] !== 'true';
}
