import type { Tokens } from '../../tokens/token';
import { SessionError, storeUnavailable } from '../errors';
import type { Limits } from '../limits';
import type { SessionStore } from '../session-store';
import { checkGetSessions, checkRevokeSessions } from './admin-requests';
import type { GetSessions, RevokeSessions } from './admin-requests';
import { SessionLookup } from './session-lookup';
import type { FoundSessions } from './session-lookup';
import { revocationReason } from './session-inventory';
import type { RevocationOutcome, SessionEstimate, SessionInventory } from './session-inventory';
import { subjectHandles } from './subject-handles';

export interface SessionAdminParts {
  readonly inventory: SessionInventory;
  readonly store: Pick<SessionStore, 'listSubject' | 'deleteSubject'>;
  readonly tokens: Tokens;
  readonly limits: Limits;
  readonly events: AdminEvents;
}

export interface AdminEvents {
  /** Sessions were ended by an operator. */
  onRevoked(reason: RevocationReason, count: number): void;
}

export const revocationReasons = ['subject', 'age', 'signing_key'] as const;
export type RevocationReason = (typeof revocationReasons)[number];

export interface CountProgress {
  readonly count: number;
  readonly progress: number;
  readonly done: boolean;
}

export interface RevocationProgress {
  readonly revoked: number;
  readonly examined: number;
  readonly unknownKeys: number;
  readonly unreadable: number;
  readonly progress: number;
  readonly done: boolean;
}

/** Sessions that are examined at the same time. */
const maxInFlight = 64;

/**
 * The use cases of operators. They see and end sessions without their tokens. Failures are as in {@link SessionManager}; what is long
 * is a sequence of reports, and stops when no further one is asked for.
 */
export class SessionAdmin {
  readonly #parts: SessionAdminParts;
  readonly #lookup: SessionLookup;

  constructor(parts: SessionAdminParts) {
    this.#parts = parts;
    this.#lookup = new SessionLookup(parts);
  }

  estimate(): Promise<SessionEstimate> {
    return this.#parts.inventory.estimate();
  }

  async *count(): AsyncGenerator<CountProgress, void> {
    let count = 0;
    for await (const { handles, progress } of this.#parts.inventory.scan()) {
      count += handles.length;
      yield { count, progress, done: false };
    }
    yield { count, progress: 1, done: true };
  }

  async get(request: GetSessions): Promise<FoundSessions> {
    checkGetSessions(request);
    return this.#lookup.get(request);
  }

  /** @param deadline no session ends later, by `performance.now()`. Default: none */
  async *revoke(request: RevokeSessions, deadline?: number): AsyncGenerator<RevocationProgress, void> {
    checkRevokeSessions(request);
    if (request.subject === '') yield* this.#revokeScanned(request, deadline);
    else yield await this.#revokeSubject(request, deadline);
  }

  async *#revokeScanned(
    request: RevokeSessions,
    deadline: number | undefined,
  ): AsyncGenerator<RevocationProgress, void> {
    const totals = new Totals();
    try {
      for await (const { handles, progress } of this.#parts.inventory.scan()) {
        for (let from = 0; from < handles.length; from += maxInFlight) {
          await this.#revokeTogether(handles.slice(from, from + maxInFlight), request, totals, deadline);
        }
        yield totals.report(progress, false);
      }
    } catch (error) {
      throw totals.revoked > 0 && !request.dryRun ? maybeApplied(error) : error;
    }
    yield totals.report(1, true);
  }

  /** @throws the first failure, after all of them have been answered */
  async #revokeTogether(
    handles: readonly string[],
    request: RevokeSessions,
    totals: Totals,
    deadline: number | undefined,
  ): Promise<void> {
    const { inventory, events } = this.#parts;
    const outcomes = await Promise.allSettled(
      handles.map((handle) => inventory.revoke(handle, request, { isDryRun: request.dryRun, deadline })),
    );
    const known = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const selected = totals.add(known);
    if (selected > 0 && !request.dryRun) events.onRevoked(revocationReason(request), selected);
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }

  async #revokeSubject({ subject, dryRun }: RevokeSessions, deadline: number | undefined): Promise<RevocationProgress> {
    const { store, events } = this.#parts;
    const revoked = dryRun ? await this.#sizeOf(subject) : await store.deleteSubject(subject, {}, deadline);
    if (revoked > 0 && !dryRun) events.onRevoked('subject', revoked);
    return { revoked, examined: revoked, unknownKeys: 0, unreadable: 0, progress: 1, done: true };
  }

  async #sizeOf(subject: string): Promise<number> {
    let count = 0;
    for await (const handles of subjectHandles(this.#parts.store, subject)) count += handles.length;
    return count;
  }
}

class Totals {
  readonly #counts = new Map<RevocationOutcome, number>();

  get revoked(): number {
    return this.#of('selected');
  }

  /** @returns how many of them were selected */
  add(outcomes: readonly RevocationOutcome[]): number {
    const before = this.revoked;
    for (const outcome of outcomes) this.#counts.set(outcome, this.#of(outcome) + 1);
    return this.revoked - before;
  }

  report(progress: number, done: boolean): RevocationProgress {
    const [unknownKeys, unreadable] = [this.#of('unknown_key'), this.#of('unreadable')];
    const examined = this.revoked + this.#of('kept') + unknownKeys + unreadable;
    return { revoked: this.revoked, examined, unknownKeys, unreadable, progress, done };
  }

  #of(outcome: RevocationOutcome): number {
    return this.#counts.get(outcome) ?? 0;
  }
}

/** Sessions that have ended do not come back, whatever failed afterwards. */
function maybeApplied(error: unknown): unknown {
  const isCertain = error instanceof SessionError && error.metadata['maybe_applied'] === 'false';
  return isCertain ? storeUnavailable(true, error) : error;
}
