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

    const run = new RemovalRun(this.#parts, subject, except, deadline);
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

/** One call that removes sessions. */
class RemovalRun {
  count = 0;
  readonly #parts: SubjectRemovalParts;
  readonly #subject: string;
  readonly #except: SubjectSelection['except'];
  readonly #deadline: number;

  constructor(parts: SubjectRemovalParts, subject: string, except: SubjectSelection['except'], deadline: number) {
    this.#parts = parts;
    this.#subject = subject;
    this.#except = except;
    this.#deadline = deadline;
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
      onGone(new Set(part.filter((_, at) => isFulfilledWith(outcomes[at], true))));
      const failure = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failure !== undefined) throw failure.reason;
    }
  }

  async pause(): Promise<void> {
    if (performance.now() + pollMs >= this.#deadline) throw storeUnavailable(true);
    await delay(pollMs);
  }

  /** @returns whether the subject has no such session now */
  async #removeOne(handle: string): Promise<boolean> {
    const exceptSecretHash = handle === this.#except?.handle ? this.#except.secretHash : undefined;
    const options = { reason: 'subject', exceptSecretHash, deadline: this.#deadline } as const;
    const outcome = await this.#parts.ender.end(this.#subject, handle, options);
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
