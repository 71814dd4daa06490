import { variable } from '../../setting-names';

/** What became of the keys of the source that are no sessions, or cannot be imported: why, and what to do. */
export const failures = {
  not_a_string: 'The key has another type than string.',
  not_json: 'The record is not JSON.',
  pickle:
    'The record is a pickle. Reading one can run code, so it is never read. Have the old application store JSON first.',
  too_long: 'The record is several times longer than a session may be.',
  other_format: 'The record is JSON, but not of this format.',
  invalid_id: 'The id is missing, or not 1 to 256 bytes of UTF-8 without control characters.',
  invalid_name: 'A key or queue of the session is not 1 to 256 bytes of UTF-8 without control characters.',
  too_large: `The session is too large. ${variable('maxSessionBytes')} changes the limit.`,
  too_many_keys: `The session has too many keys. ${variable('maxKeys')} changes the limit.`,
  too_many_messages: `The session has too many flash messages. ${variable('maxFlashMessages')} and ${variable('maxFlashQueues')} change the limits.`,
  against_schema: `The data violates the schema of ${variable('dataSchema')}.`,
  too_many_sessions: `The subject has as many sessions as it may have. ${variable('maxSessionsPerSubject')} changes the limit.`,
} as const;

export type Failure = keyof typeof failures;

/** What became of the keys of the source otherwise. */
export const outcomes = {
  imported: 'imported',
  already_there: 'already there',
  expired: 'expired before they were read',
  ended_meanwhile: 'ended or moved by the application meanwhile',
} as const;

export type Outcome = keyof typeof outcomes;

/** Number of failed sessions of one kind that are named. */
const maxExamples = 5;

/** Counts what an import has done. Names sessions by their handles, which are public. */
export class Results {
  readonly startedAt = performance.now();
  /** Keys that were looked at. */
  keys = 0;
  /** Content of the imported sessions. */
  bytes = 0;
  largestBytes = 0;
  /** Imported without a subject, although one was asked for. */
  withoutSubject = 0;
  readonly outcomes: Record<Outcome, number> = { imported: 0, already_there: 0, expired: 0, ended_meanwhile: 0 };
  readonly failures = new Map<Failure, { count: number; readonly handles: string[] }>();

  count(outcome: Outcome): void {
    this.outcomes[outcome] += 1;
  }

  /** @param handle that of the session, if its id is known */
  fail(failure: Failure, handle?: string): void {
    const all = this.failures.get(failure) ?? { count: 0, handles: [] };
    all.count += 1;
    if (handle !== undefined && all.handles.length < maxExamples) all.handles.push(handle);
    this.failures.set(failure, all);
  }

  imported(bytes: number, hasSubject: boolean): void {
    this.count('imported');
    this.bytes += bytes;
    this.largestBytes = Math.max(this.largestBytes, bytes);
    if (!hasSubject) this.withoutSubject += 1;
  }

  /** One that was imported is counted as something else. */
  takeBack(outcome: Outcome): void {
    this.outcomes.imported -= 1;
    this.count(outcome);
  }

  get failed(): number {
    return [...this.failures.values()].reduce((sum, { count }) => sum + count, 0);
  }

  get seconds(): number {
    return (performance.now() - this.startedAt) / 1000;
  }
}
