import type { SubjectIndex } from './subject-index';
import { keptMsOf } from './lifetime';
import type { Lifetime } from './lifetime';
import type { SessionPeeker } from './session-peeker';

export interface SubjectUpkeepObserver {
  /** An entry was not renewed or removed. */
  subjectUpkeepFailed(): void;
}

export interface SubjectUpkeepParts {
  readonly index: SubjectIndex;
  readonly peeker: SessionPeeker;
  readonly observer: SubjectUpkeepObserver | undefined;
}

/**
 * What is done to the index after an RPC was answered. A failure does no harm: an entry that is not removed is ignored, and one that
 * is not renewed is kept for one more idle timeout, in which the next use of the session renews it.
 */
export class SubjectUpkeep {
  readonly #parts: SubjectUpkeepParts;

  constructor(parts: SubjectUpkeepParts) {
    this.#parts = parts;
  }

  /** Keeps the entry of a session that was used. */
  renew(subject: string, handle: string, lifetime: Lifetime): void {
    this.#inBackground(this.#parts.index.renew(subject, handle, keptMsOf(lifetime)));
  }

  /** Removes an attachment whose change was made. */
  settle(subject: string, handle: string, attachment: string): void {
    this.#inBackground(this.#parts.index.entryOf(subject, handle, attachment));
  }

  /**
   * Removes the entry of a session that may not have the subject any more.
   *
   * @param attachment one whose change was not made, to be removed, too
   */
  sweep(subject: string, handle: string, attachment?: string): void {
    this.#inBackground(this.#sweep(subject, handle, attachment));
  }

  /** Removes entries as {@link SubjectIndex.drop} does. */
  drop(...[subject, entries]: Parameters<SubjectIndex['drop']>): void {
    if (entries.length > 0) this.#inBackground(this.#parts.index.drop(subject, entries));
  }

  async #sweep(subject: string, handle: string, attachment: string | undefined): Promise<void> {
    const { index, peeker } = this.#parts;
    const { entry, attachments } = await index.entryOf(subject, handle, attachment);
    if (entry === undefined || attachments.some((other) => other.handle === handle)) return;
    // Only now: a session is attached before it gets the subject, and that would have been seen, or will be by drop().
    if ((await peeker.peek(subject, handle)) === 'gone') await index.drop(subject, [entry]);
  }

  #inBackground(work: Promise<unknown>): void {
    work.catch(() => this.#parts.observer?.subjectUpkeepFailed());
  }
}
