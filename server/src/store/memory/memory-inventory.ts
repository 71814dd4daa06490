import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  InspectedSession,
  RevocationConditions,
  RevocationOutcome,
  RevokeOptions,
  ScanStep,
  SessionEstimate,
  SessionInventory,
} from '../../session/admin/session-inventory';
import { revocationReason } from '../../session/admin/session-inventory';
import type { SessionEventReason } from '../../session/events/session-event';
import { touchIntervalOf } from '../../session/session';
import type { ExpiryPolicy } from '../../session/session';
import { knownAttributes, signingKeyOf } from '../attributes';
import type { Entries } from './entries';
import { decode, listedOf } from './entry';
import type { Entry } from './entry';

export interface MemoryInventoryParts {
  readonly expiry: ExpiryPolicy;
  readonly entries: Pick<Entries, 'find' | 'handles' | 'size'>;
  readonly end: (entry: Entry, reason: SessionEventReason) => void;
}

/** Sessions that are looked at in one turn of the event loop. */
const entriesPerStep = 500;

/* oxlint-disable typescript/require-await -- async only so that a throw is a rejection */

/** All sessions in the memory of this process. */
export class MemoryInventory implements SessionInventory {
  readonly #parts: MemoryInventoryParts;

  constructor(parts: MemoryInventoryParts) {
    this.#parts = parts;
  }

  async estimate(): Promise<SessionEstimate> {
    const { size } = this.#parts.entries;
    return { count: size, low: size, high: size };
  }

  async *scan(): AsyncGenerator<ScanStep, void> {
    const { entries } = this.#parts;
    let examined = 0;
    let handles: string[] = [];
    for (const handle of entries.handles()) {
      if (entries.find(handle) !== undefined) handles.push(handle);
      examined += 1;
      if (examined % entriesPerStep > 0) continue;
      yield { handles, progress: Math.min(1, examined / entries.size) };
      handles = [];
      await nextTurn();
    }
    yield { handles, progress: 1 };
  }

  async inspect(handle: string, withData: boolean): Promise<InspectedSession | 'not_found'> {
    const entry = this.#parts.entries.find(handle);
    if (entry === undefined) return 'not_found';
    const { attributes } = decode(entry);
    const { subject } = knownAttributes(attributes);
    return { ...listedOf(entry, this.#parts.expiry, withData), subject, signingKey: signingKeyOf(attributes) };
  }

  async revoke(
    handle: string,
    conditions: RevocationConditions,
    { isDryRun }: RevokeOptions,
  ): Promise<RevocationOutcome> {
    const entry = this.#parts.entries.find(handle);
    if (entry === undefined) return 'not_found';
    const outcome = this.#outcomeOf(entry, conditions);
    if (outcome === 'selected' && !isDryRun) this.#parts.end(entry, revocationReason(conditions));
    return outcome;
  }

  /** The same rules as in redis/scripts/revoke.lua. */
  #outcomeOf(entry: Entry, conditions: RevocationConditions): 'selected' | 'kept' | 'unknown_key' {
    const { createdBefore = Infinity, notAccessedSince = Infinity, signingKey, includeUnknownKeys } = conditions;
    const { created, accessed, idleTimeout } = entry;
    // Until then, the session may have been used without a record of that.
    const unrecordedUntil = accessed + touchIntervalOf(this.#parts.expiry, idleTimeout);
    if (created >= createdBefore || unrecordedUntil > notAccessedSince) return 'kept';
    if (signingKey === undefined) return 'selected';
    const known = signingKeyOf(decode(entry).attributes);
    if (known === undefined) return includeUnknownKeys ? 'selected' : 'unknown_key';
    return known === signingKey ? 'selected' : 'kept';
  }
}
