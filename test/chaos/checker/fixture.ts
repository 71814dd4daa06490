import { expect } from '@jest/globals';
import { checkHistory } from '../check';
import type {
  Call,
  FaultEvent,
  History,
  Merge,
  Operation,
  Outcome,
  SessionInfo,
  State,
  SubjectLimit,
  Success,
  WatchedEvents,
} from '../history';
import type { KeyPeriod, RecordSample } from '../samples';

/** The promises that a history breaks, each once. */
export function brokenBy(history: History): string[] {
  return [...new Set(checkHistory(history).map(({ promise }) => promise))];
}

export interface StoryOptions {
  readonly nearCache?: boolean;
  readonly clientCache?: boolean;
  readonly idleTimeoutMs?: number;
  readonly subjectLimit?: SubjectLimit;
}

/** Builds a history by hand: one session, created at time 0, and calls on it. */
export class Story {
  readonly operations: Operation[] = [];
  readonly faults: FaultEvent[] = [];
  readonly readiness: History['readiness'][number][] = [];
  readonly memory: History['memory'][number][] = [];
  readonly stalls: History['stalls'][number][] = [];
  readonly watched: WatchedEvents[] = [];
  readonly keys: KeyPeriod[] = [];
  readonly records: RecordSample[] = [];
  readonly #others: SessionInfo[] = [];
  readonly #options: StoryOptions;
  #token = 's';

  constructor(options: StoryOptions = {}) {
    this.#options = options;
    this.call('s', 0, { kind: 'create' }, { version: 1, csrf: 'csrf-s' });
  }

  /** Adds a call, answered 10 ms later. */
  call(
    id: string,
    at: number,
    call: Call,
    outcome: Omit<Success, 'status'> | Outcome = {},
    more: Partial<Operation> = {},
  ): this {
    this.operations.push({
      ...{ id, process: 'p', sidecar: 'a', session: 's', token: this.#token, call, invoked: at, completed: at + 10 },
      ...{ deadline: at + 1000, outcome: 'status' in outcome ? outcome : { status: 'ok', ...outcome } },
      ...more,
    });
    return this;
  }

  update(id: string, at: number, outcome: Omit<Success, 'status'> | Outcome, more?: Partial<Operation>): this {
    return this.call(id, at, { kind: 'update', through: 'api', writes: [] }, outcome, more);
  }

  read(
    id: string,
    at: number,
    version: number,
    log: string[],
    more?: Partial<Operation>,
    state: Partial<State> = {},
  ): this {
    const shown = { version, state: { log, count: 0, registers: {}, ...state } };
    return this.call(id, at, { kind: 'read', through: 'api' }, shown, more);
  }

  /** The session gets its subject `u`, and the token that is named by the id. */
  login(id: string, at: number, version: number, more: { readonly graceMs?: number } = {}): this {
    this.call(id, at, { kind: 'regenerate', subject: 'u', ...more }, { version, csrf: `csrf-${id}` });
    return this.withToken(id);
  }

  /** Gives the session a new token, and goes on with it. */
  replace(id: string, at: number, version: number, graceMs?: number): this {
    this.call(id, at, { kind: 'regenerate', graceMs }, { version, csrf: `csrf-${id}` });
    return this.withToken(id);
  }

  /** A change of the subject that leaves the token as it is. */
  move(id: string, at: number, subject: string, outcome: Omit<Success, 'status'> | Outcome): this {
    return this.call(id, at, { kind: 'update', through: 'api', writes: [], subject }, outcome);
  }

  merge(
    id: string,
    at: number,
    { sets, deletes }: Pick<Merge, 'sets' | 'deletes'>,
    outcome: Omit<Success, 'status'> | Outcome,
    more?: Partial<Operation>,
  ): this {
    return this.call(id, at, { kind: 'merge', through: 'session', sets, deletes }, outcome, more);
  }

  /** Another session, which begins with a subject; what follows is about the first one again. */
  other(name: string, at: number, subject = 'u', outcome: Omit<Success, 'status'> | Outcome = { version: 1 }): this {
    if (!('status' in outcome)) this.#others.push({ name, handle: `h-${name}`, slot: 100, idleTimeoutMs: undefined });
    return this.call(name, at, { kind: 'create', subject }, outcome, { session: name, token: name });
  }

  list(id: string, at: number, listed: readonly string[], subject = 'u'): this {
    return this.call(id, at, { kind: 'list', subject }, { listed }, { session: '', token: '' });
  }

  revoke(id: string, at: number, except?: string, outcome: Outcome = { status: 'ok' }, subject = 'u'): this {
    return this.call(id, at, { kind: 'revoke', subject, except }, outcome, { session: '', token: '' });
  }

  revokeOlder(id: string, at: number, olderThanMs: number): this {
    return this.call(id, at, { kind: 'revokeOlder', olderThanMs }, {}, { session: '', token: '' });
  }

  withToken(token: string): this {
    this.#token = token;
    return this;
  }

  fault(event: Partial<FaultEvent> & Pick<FaultEvent, 'injected' | 'possible'>): this {
    this.faults.push({ kind: 'fault', detail: '', healed: event.possible, sidecars: ['a', 'b'], ...event });
    return this;
  }

  get history(): History {
    const { operations, faults, readiness, memory, stalls, watched, keys, records } = this;
    const { nearCache = false, clientCache = false, idleTimeoutMs, subjectLimit } = this.#options;
    return {
      ...{ operations, faults, readiness, memory, stalls, watched, keys, records },
      sessions: [{ name: 's', handle: 'h', slot: 100, idleTimeoutMs }, ...this.#others],
      setup: {
        ...{ nearCache, clientCache, touchIntervalMs: 100, memoryLimitBytes: 1000, subjectLimit },
        slack: { lateMs: 50, recoveryMs: 100, deadlineMs: 100, stalenessMs: 50 },
      },
    };
  }
}

export const maybe = (code = 'STORE_UNAVAILABLE'): Outcome => ({ status: 'failed', code, maybeApplied: true });
export const refused = (code = 'STORE_UNAVAILABLE'): Outcome => ({ status: 'failed', code, maybeApplied: false });
export const notFound = refused('SESSION_NOT_FOUND');

/** Expects a story to keep every promise, and one of them to be broken once `breakPromise` has added to it. */
export function expectBreach(
  keepPromises: (story: Story) => unknown,
  breakPromise: (story: Story) => unknown,
  promise: string,
  story = new Story(),
): void {
  keepPromises(story);
  expect(brokenBy(story.history)).toEqual([]);
  breakPromise(story);
  expect(brokenBy(story.history)).toContain(promise);
}
