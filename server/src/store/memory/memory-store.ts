import type { ChangeFeed } from '../../session/change-feed';
import type { DataCheck } from '../../session/data-rule';
import { newGeneration } from '../../session/etag';
import { changesTerms } from '../../session/session-update';
import type { SessionUpdate } from '../../session/session-update';
import { sessionExists, storeUnavailable, tooManySessions } from '../../session/errors';
import type { SessionEventReason } from '../../session/events/session-event';
import type { Limits } from '../../session/limits';
import { applyMutations } from '../../session/mutations';
import { surplusOf } from '../../session/subject-limit';
import type { SubjectLimit, SubjectLimitObserver } from '../../session/subject-limit';
import { expiryOf, touchIntervalOf } from '../../session/session';
import type { SessionMetadata } from '../../session/session';
import type {
  AcquireOutcome,
  CopyTerms,
  LeaseRequest,
  LoadedSession,
  NewSession,
  SessionRef,
  SessionStore,
  SubjectPage,
  SubjectPageRequest,
  SubjectSelection,
  UpdateOutcome,
} from '../../session/session-store';
import { previousToken, toAttributes } from '../attributes';
import { ChangeBroadcast } from '../change-broadcast';
import { encodeBody } from '../record-body';
import { ReportedUses } from '../reported-uses';
import { SubjectPageBuilder } from '../subject-page';
import { Entries } from './entries';
import type { EntriesOptions } from './entries';
import { changedEntry, decode, listedOf, metadataOf, presentLease, recordOf, withLease } from './entry';
import type { Entry } from './entry';
import { recordEvent } from './entry-events';
import { MemoryInventory } from './memory-inventory';

export interface MemoryStoreOptions extends EntriesOptions {
  readonly limits: Limits;
  /** Default: data may be anything. */
  readonly dataCheck?: DataCheck | undefined;
  /** `undefined`: a subject may have any number of sessions. */
  readonly subjectLimit?: SubjectLimit | undefined;
  readonly subjects?: SubjectLimitObserver | undefined;
  /** A replaced token was used after its grace. */
  readonly onReplacedToken?: ((handle: string) => void) | undefined;
}

/* oxlint-disable typescript/require-await -- async only so that a throw is a rejection */

/** Sessions in the memory of this process. The default, for development and tests. No method awaits anything, so each is atomic. */
export class MemoryStore implements SessionStore {
  readonly ready = true;
  readonly parts = [{ name: 'memory', ready: true, reason: undefined, since: Date.now() }];
  readonly inventory: MemoryInventory;
  readonly #broadcast = new ChangeBroadcast();
  /** Only this process makes changes, and each is reported at once. */
  readonly changes: ChangeFeed = { subscribe: (listener) => this.#broadcast.subscribe(listener), confirmedAgeMs: 0 };
  readonly #generation = newGeneration();
  readonly #options: MemoryStoreOptions;
  readonly #entries: Entries;
  readonly #uses = new ReportedUses();
  #latestFence = 0;

  constructor(options: MemoryStoreOptions) {
    this.#options = options;
    this.#entries = new Entries(options);
    const { expiry } = options;
    const end = (entry: Entry, reason: SessionEventReason): void => this.#revoke(entry, reason);
    this.inventory = new MemoryInventory({ expiry, entries: this.#entries, end });
  }

  async create(session: NewSession, deadline?: number): Promise<SessionMetadata> {
    refuseAfter(deadline);
    if (this.#entries.find(session.handle) !== undefined) throw sessionExists();
    const now = this.#options.now();
    const { handle, secretHash, csrfToken, idleTimeout, content, reusesHandle } = session;
    const version = reusesHandle ? this.#entries.latestVersion + 1 : 1;
    const { subject } = session;
    const body = encodeBody(content, toAttributes(session));
    const times = { created: now, accessed: now };
    const entry: Entry = { handle, secretHash, csrfToken, idleTimeout, ...times, version, subject, body };
    this.#putWithinLimit(entry);
    recordEvent(this.#options.events, 'created', 'call', entry);
    return metadataOf(entry, this.#options.expiry);
  }

  async load(ref: SessionRef, deadline?: number): Promise<LoadedSession | undefined> {
    refuseAfter(deadline);
    const entry = this.#find(ref);
    if (entry === undefined) return undefined;
    const accessed = this.#touch(entry);
    return {
      session: recordOf(accessed, this.#options.expiry),
      touched: accessed !== entry,
      ...this.#termsOf(accessed, ref),
    };
  }

  /** Reads the content, which costs it nothing. */
  validate(ref: SessionRef, _held: Buffer, deadline?: number): Promise<LoadedSession | undefined> {
    return this.load(ref, deadline);
  }

  async update(ref: SessionRef, change: SessionUpdate, deadline?: number): Promise<UpdateOutcome> {
    refuseAfter(deadline);
    const entry = this.#find(ref);
    // A token that was replaced cannot be used to replace the present one, or a thief could keep the session.
    const isRefused = change.secretHash !== undefined && entry?.secretHash !== ref.secretHash;
    if (entry === undefined || isRefused) return { status: 'not_found' };
    if (change.ifVersion !== undefined && change.ifVersion !== entry.version) {
      return { status: 'version_mismatch', version: entry.version };
    }
    const body = decode(entry);
    const now = this.#options.now();
    if (change.fence !== undefined && presentLease(body, now)?.fence !== change.fence) return { status: 'lease_lost' };
    const { limits, dataCheck } = this.#options;
    const applied = applyMutations(body.content, change.mutations ?? [], limits, dataCheck);
    if (applied.status === 'refused') return applied;
    const { results } = applied;
    if (!changesTerms(change) && !results.some((result) => result.applied)) {
      const touched = this.#touch(entry);
      return {
        status: 'updated',
        session: metadataOf(touched, this.#options.expiry),
        results,
        ...this.#termsOf(touched, ref),
      };
    }
    const changed = changedEntry(entry, { ...body, content: applied.content }, change, now);
    this.#putWithinLimit(changed);
    this.#broadcast.changed(changed.handle, changed.version);
    if (change.secretHash !== undefined) recordEvent(this.#options.events, 'regenerated', 'call', changed);
    return {
      status: 'updated',
      session: metadataOf(changed, this.#options.expiry),
      results,
      ...this.#termsOf(changed, ref),
    };
  }

  async acquire(ref: SessionRef, request: LeaseRequest, deadline?: number): Promise<AcquireOutcome> {
    refuseAfter(deadline);
    const entry = this.#find(ref);
    if (entry === undefined) return { status: 'not_found' };
    const now = this.#options.now();
    const { holder, durationMs } = request;
    const held = presentLease(decode(entry), now);
    if (held?.holder === holder) {
      return { status: 'acquired', lease: held, session: recordOf(this.#touch(entry), this.#options.expiry) };
    }
    if (held !== undefined) return { status: 'held', remainingMs: held.expires - now };
    // Of all sessions together, so that it grows in each, even if the clock does not.
    const fence = Math.max(this.#latestFence + 1, now * 1000);
    const lease = { fence, expires: now + durationMs, holder };
    const leased = { ...withLease(entry, lease), accessed: now };
    this.#entries.put(leased);
    this.#latestFence = fence;
    return { status: 'acquired', lease, session: recordOf(leased, this.#options.expiry) };
  }

  async release(ref: SessionRef, fence: number, deadline?: number): Promise<boolean | undefined> {
    refuseAfter(deadline);
    const entry = this.#find(ref);
    if (entry === undefined) return undefined;
    const lease = presentLease(decode(entry), this.#options.now());
    if (lease?.fence !== fence) return false;
    this.#entries.put(withLease(entry, { ...lease, expires: 0, holder: '' }));
    return true;
  }

  async delete(ref: SessionRef, deadline?: number): Promise<boolean> {
    refuseAfter(deadline);
    const entry = this.#find(ref);
    if (entry === undefined) return false;
    this.#entries.remove(entry);
    this.#broadcast.changed(entry.handle, undefined);
    recordEvent(this.#options.events, 'invalidated', 'call', entry);
    return true;
  }

  async listSubject(subject: string, page: SubjectPageRequest, deadline?: number): Promise<SubjectPage> {
    refuseAfter(deadline);
    const { after = '', maxDataBytes } = page;
    const { expiry } = this.#options;
    const builder = new SubjectPageBuilder(page);
    for (const entry of this.#entries.of(subject)) {
      if (entry.handle <= after) continue;
      if (!builder.add(listedOf(entry, expiry, maxDataBytes !== undefined))) break;
    }
    return builder.toPage();
  }

  async deleteSubject(subject: string, { except, only }: SubjectSelection, deadline?: number): Promise<number> {
    refuseAfter(deadline);
    let count = 0;
    for (const entry of this.#entries.of(subject)) {
      if (only?.has(entry.handle) === false) continue;
      if (entry.handle === except?.handle && entry.secretHash === except.secretHash) continue;
      count += 1;
      this.#revoke(entry, 'subject');
    }
    return count;
  }

  async close(): Promise<void> {
    this.#entries.close();
  }

  #find({ handle, secretHash }: SessionRef): Entry | undefined {
    const entry = this.#entries.find(handle);
    if (entry === undefined) return undefined;
    return entry.secretHash === secretHash || this.#isInGrace(entry, secretHash) ? entry : undefined;
  }

  #isInGrace(entry: Entry, secretHash: string): boolean {
    const previous = previousToken(decode(entry).attributes);
    if (previous?.secretHash !== secretHash) return false;
    const isInGrace = this.#options.now() < previous.ends;
    if (!isInGrace) this.#replacedTokenUsed(entry);
    return isInGrace;
  }

  #replacedTokenUsed(entry: Entry): void {
    const { events, onReplacedToken } = this.#options;
    onReplacedToken?.(entry.handle);
    if (events?.isRecording !== true || !this.#uses.isDue(entry.handle)) return;
    recordEvent(events, 'replaced_token_used', 'call', entry);
  }

  #touch(entry: Entry): Entry {
    const now = this.#options.now();
    if (now - entry.accessed < touchIntervalOf(this.#options.expiry, entry.idleTimeout)) return entry;
    const touched = { ...entry, accessed: now };
    this.#entries.put(touched);
    return touched;
  }

  /** Ends the oldest sessions of the entry's subject if that is one too many, or throws. */
  #putWithinLimit(entry: Entry): void {
    const { subjectLimit: limit, subjects } = this.#options;
    const { handle, subject } = entry;
    const isLogin = subject !== undefined && subject !== this.#entries.find(handle)?.subject;
    const surplus = limit && isLogin ? surplusOf(this.#entries.of(subject), limit) : [];
    if (limit?.action === 'refuse' && surplus.length > 0) {
      subjects?.subjectLimitReached('refused');
      throw tooManySessions(limit.maxSessions);
    }
    this.#entries.put(entry);
    for (const oldest of surplus) {
      this.#revoke(oldest, 'limit');
      subjects?.subjectLimitReached('ended');
    }
  }

  #revoke(entry: Entry, reason: SessionEventReason): void {
    this.#entries.remove(entry);
    this.#broadcast.changed(entry.handle, undefined);
    recordEvent(this.#options.events, 'revoked', reason, entry);
  }

  #termsOf(entry: Entry, { secretHash }: SessionRef): CopyTerms {
    const { expiry, now } = this.#options;
    // Nothing reports the end of a grace, so a caller with a replaced token must ask each time.
    if (entry.secretHash !== secretHash) return { generation: this.#generation, liveMs: 0 };
    const touchDue = entry.accessed + touchIntervalOf(expiry, entry.idleTimeout);
    const end = Math.min(touchDue, expiryOf(expiry, entry) ?? Infinity);
    return { generation: this.#generation, liveMs: Math.max(0, end - now()) };
  }
}

/** The store answers at once, so no deadline passes meanwhile. */
function refuseAfter(deadline = Infinity): void {
  if (performance.now() >= deadline) throw storeUnavailable(false);
}
