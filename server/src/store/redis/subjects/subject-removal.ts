import { setTimeout as delay } from 'node:timers/promises';
import { SessionError, storeUnavailable } from '../../../session/errors';
import type { SubjectSelection } from '../../../session/session-store';
import type { SessionEnder } from './session-ender';
import type { SubjectIndex } from './subject-index';
import type { SubjectUpkeep } from './upkeep';

export interface SubjectRemovalParts {
  readonly index: SubjectIndex;
  readonly ender: SessionEnder;
  readonly upkeep: SubjectUpkeep;
}

/** Sessions that are removed at the same time. */
const maxInFlight = 64;

/** How often to look whether a change in flight is over. */
const pollMs = 20;

/** Removes the sessions of a subject. */
export class SubjectRemoval {
  readonly #parts: SubjectRemovalParts;

  constructor(parts: SubjectRemovalParts) {
    this.#parts = parts;
  }

  /** @returns how many were removed */
  async remove(subject: string, { except, only }: SubjectSelection, deadline = Infinity): Promise<number> {
    const { index, upkeep } = this.#parts;
    const isSelected = ({ handle }: { readonly handle: string }): boolean => only?.has(handle) ?? true;
    const scan = await index.scan(subject, deadline);
    const entries = scan.entries.filter(isSelected);
    const inFlight = new Map(scan.attachments.filter(isSelected).map(({ id, handle }) => [id, handle]));
    const attached = new Set(inFlight.values());

    const run = new RemovalRun(this.#parts, { subject, except, deadline, inFlight });
    const handles = [...new Set([...entries.map(({ handle }) => handle), ...attached])];
    try {
      await run.remove(handles, (gone) => {
        upkeep.drop(
          subject,
          entries.filter(({ handle }) => gone.has(handle) && !attached.has(handle)),
        );
      });
      await this.#removeInFlight(subject, inFlight, run, deadline);
    } catch (error) {
      inFlight.clear();
      await run.recordEnded().catch(() => {});
      throw run.failed(error);
    }
    return run.count;
  }

  async #removeInFlight(
    subject: string,
    inFlight: Map<string, string>,
    run: RemovalRun,
    deadline: number,
  ): Promise<void> {
    const { index, upkeep } = this.#parts;
    // A change in flight may still give the subject to a session, even to one that has just been removed, if its id is reused.
    while (inFlight.size > 0) {
      const live = new Set((await index.attachments(subject, deadline)).map(({ id }) => id));
      const over = [...inFlight].filter(([id]) => !live.has(id));
      if (over.length === 0) await run.pause();
      for (const [id] of over) inFlight.delete(id);
      await run.remove(
        over.map(([, handle]) => handle),
        (gone) => {
          for (const handle of gone) upkeep.sweep(subject, handle);
        },
      );
    }
  }
}

interface RemovalTerms {
  readonly subject: string;
  readonly except: SubjectSelection['except'];
  readonly deadline: number;
  /** The handles with a change in flight, by the id of its attachment. Shrinks during the run. */
  readonly inFlight: ReadonlyMap<string, string>;
}

/** One call that removes sessions. */
class RemovalRun {
  count = 0;
  readonly #parts: SubjectRemovalParts;
  readonly #terms: RemovalTerms;
  #unrecorded: { readonly handle: string; readonly record: () => Promise<void> }[] = [];

  constructor(parts: SubjectRemovalParts, terms: RemovalTerms) {
    this.#parts = parts;
    this.#terms = terms;
  }

  /**
   * Removes those of the sessions that have the subject.
   *
   * @param onGone is called with those that do not have it, or were removed, also if the others fail
   * @throws the first failure, after the others of the same time
   */
  async remove(handles: readonly string[], onGone: (gone: ReadonlySet<string>) => void): Promise<void> {
    for (let from = 0; from < handles.length; from += maxInFlight) {
      const part = handles.slice(from, from + maxInFlight);
      const outcomes = await Promise.allSettled(part.map((handle) => this.#removeOne(handle)));
      await this.recordEnded();
      onGone(new Set(part.filter((_, at) => isFulfilledWith(outcomes[at], true))));
      const failure = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failure !== undefined) throw failure.reason;
    }
  }

  /** Records what was removed. A change in flight is recorded before its attachment is over, so that an end comes after it. */
  async recordEnded(): Promise<void> {
    const pending = new Set(this.#terms.inFlight.values());
    const due = this.#unrecorded.filter(({ handle }) => !pending.has(handle));
    this.#unrecorded = this.#unrecorded.filter(({ handle }) => pending.has(handle));
    await Promise.all(due.map(({ record }) => record()));
  }

  async pause(): Promise<void> {
    if (performance.now() + pollMs >= this.#terms.deadline) throw storeUnavailable(true);
    await delay(pollMs);
  }

  /** @returns whether the subject has no such session now */
  async #removeOne(handle: string): Promise<boolean> {
    const { subject, except, deadline } = this.#terms;
    const exceptSecretHash = handle === except?.handle ? except.secretHash : undefined;
    const hold = (record: () => Promise<void>): void => void this.#unrecorded.push({ handle, record });
    const outcome = await this.#parts.ender.end(subject, handle, {
      reason: 'subject',
      exceptSecretHash,
      deadline,
      hold,
    });
    if (outcome === 'ended') this.count += 1;
    return outcome !== 'kept';
  }

  /** Sessions that were removed before do not come back. */
  failed(error: unknown): unknown {
    const isCertain = error instanceof SessionError && error.metadata['maybe_applied'] === 'false';
    return isCertain && this.count > 0 ? storeUnavailable(true, error) : error;
  }
}

function isFulfilledWith<T>(outcome: PromiseSettledResult<T> | undefined, value: T): boolean {
  return outcome?.status === 'fulfilled' && outcome.value === value;
}
