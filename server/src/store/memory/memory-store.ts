import type { ChangeFeed } from '../../session/change-feed';
import { newGeneration } from '../../session/etag';
import type { SessionUpdate } from '../../session/session-update';
import { sessionExists, storeFull, storeUnavailable } from '../../session/errors';
import type { Limits } from '../../session/limits';
import { applyMutations } from '../../session/mutations';
import { expiryOf, touchIntervalOf } from '../../session/session';
import type { ExpiryPolicy, SessionRecord, SessionMetadata } from '../../session/session';
import type {
  CopyTerms,
  LoadedSession,
  NewSession,
  SessionRef,
  SessionStore,
  UpdateOutcome,
} from '../../session/session-store';
import { expiryReason } from '../../session/events/session-event';
import type { SessionEventReason, SessionEventType } from '../../session/events/session-event';
import { applyAttributes, attributeChanges, knownAttributes, toAttributes } from '../attributes';
import { ChangeBroadcast } from '../change-broadcast';
import { decodeBody, encodeBody } from '../record-body';
import type { Body } from '../record-body';
import type { MemoryEventLog } from './memory-event-log';

export interface MemoryStoreOptions {
  readonly expiry: ExpiryPolicy;
  readonly limits: Limits;
  /**
   * Maximum size of all sessions together: for each, its encoded content and {@link overheadBytes}. A change that does not fit
   * is rejected; stored sessions are never evicted.
   */
  readonly maxBytes: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Records when sessions begin, get a new token and end; `undefined`: nothing does. */
  readonly events?: MemoryEventLog | undefined;
}

interface Entry extends SessionRef {
  readonly csrfToken: string;
  readonly idleTimeout: number | undefined;
  readonly created: number;
  readonly accessed: number;
  readonly version: number;
  /**
   * Content and attributes in a buffer of their own: objects for each key and message would take many times as much memory, and the
   * received values would keep the whole request alive.
   */
  readonly body: Buffer;
}

/** Measured memory of a session besides its body: its objects, its entry in the map, and fragmentation. */
export const overheadBytes = 1024;

const sweepInterval = 10_000;

/** While events are recorded, so that the end of a session is reported soon. */
const recordingSweepInterval = 1000;

/** Minimum time between two sweeps for room, because each looks at every session. */
const sweepPause = 1000;

/* eslint-disable @typescript-eslint/require-await -- async only so that a throw is a rejection */

/** Sessions in the memory of this process. The default, for development and tests. No method awaits anything, so each is atomic. */
export class MemoryStore implements SessionStore {
  readonly ready = true;
  readonly parts = [{ name: 'memory', ready: true, reason: undefined, since: Date.now() }];
  readonly #broadcast = new ChangeBroadcast();
  /** Only this process makes changes, and each is reported at once. */
  readonly changes: ChangeFeed = { subscribe: (listener) => this.#broadcast.subscribe(listener), confirmedAgeMs: 0 };
  readonly #generation = newGeneration();
  readonly #options: MemoryStoreOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #sweeper: NodeJS.Timeout;
  #bytes = 0;
  #latestVersion = 0;
  #sweptAt = -Infinity;

  constructor(options: MemoryStoreOptions) {
    this.#options = options;
    this.#sweeper = setInterval(() => {
      if (options.events?.isRecording === true || Math.abs(options.now() - this.#sweptAt) >= sweepInterval)
        this.#sweep();
    }, recordingSweepInterval).unref();
  }

  async create(session: NewSession, deadline?: number): Promise<SessionMetadata> {
    refuseAfter(deadline);
    const earlier = this.#entries.get(session.handle);
    if (earlier !== undefined) {
      if (!this.#hasEnded(earlier)) throw sessionExists();
      this.#expire(earlier);
    }
    const now = this.#options.now();
    const { handle, secretHash, csrfToken, idleTimeout, content, reusesHandle } = session;
    const version = reusesHandle ? this.#latestVersion + 1 : 1;
    const body = encodeBody(content, toAttributes(session));
    const entry: Entry = { handle, secretHash, csrfToken, idleTimeout, created: now, accessed: now, version, body };
    this.#put(entry);
    this.#record('created', 'call', entry);
    return this.#metadataOf(entry);
  }

  async load(ref: SessionRef, deadline?: number): Promise<LoadedSession | undefined> {
    refuseAfter(deadline);
    const entry = this.#find(ref);
    if (entry === undefined) return undefined;
    const accessed = this.#touch(entry);
    return { session: this.#recordOf(accessed), touched: accessed !== entry, ...this.#termsOf(accessed) };
  }

  /** Reads the content, which costs it nothing. */
  validate(ref: SessionRef, _held: Buffer, deadline?: number): Promise<LoadedSession | undefined> {
    return this.load(ref, deadline);
  }

  async update(ref: SessionRef, change: SessionUpdate, deadline?: number): Promise<UpdateOutcome> {
    refuseAfter(deadline);
    const entry = this.#find(ref);
    if (entry === undefined) return { status: 'not_found' };
    if (change.ifVersion !== undefined && change.ifVersion !== entry.version) {
      return { status: 'version_mismatch', version: entry.version };
    }
    const { content, attributes } = decode(entry);
    const applied = applyMutations(content, change.mutations ?? [], this.#options.limits);
    if (applied.status === 'refused') return applied;
    const { results } = applied;
    if (!changesAnything(change) && !results.some((result) => result.applied)) {
      const touched = this.#touch(entry);
      return { status: 'updated', session: this.#metadataOf(touched), results, ...this.#termsOf(touched) };
    }
    const changed: Entry = {
      ...entry,
      body: encodeBody(applied.content, applyAttributes(attributes, attributeChanges(change))),
      accessed: this.#options.now(),
      version: entry.version + 1,
      secretHash: change.secretHash ?? entry.secretHash,
      csrfToken: change.csrfToken ?? entry.csrfToken,
      idleTimeout: change.idleTimeout === 'never' ? undefined : (change.idleTimeout ?? entry.idleTimeout),
    };
    this.#put(changed);
    this.#broadcast.changed(changed.handle, changed.version);
    if (change.secretHash !== undefined) this.#record('regenerated', 'call', changed);
    return { status: 'updated', session: this.#metadataOf(changed), results, ...this.#termsOf(changed) };
  }

  async delete(ref: SessionRef, deadline?: number): Promise<boolean> {
    refuseAfter(deadline);
    const entry = this.#find(ref);
    if (entry === undefined) return false;
    this.#remove(entry);
    this.#broadcast.changed(entry.handle, undefined);
    this.#record('invalidated', 'call', entry);
    return true;
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
  }

  #find({ handle, secretHash }: SessionRef): Entry | undefined {
    const entry = this.#entries.get(handle);
    if (entry === undefined) return undefined;
    if (this.#hasEnded(entry)) {
      this.#expire(entry);
      return undefined;
    }
    return entry.secretHash === secretHash ? entry : undefined;
  }

  #touch(entry: Entry): Entry {
    const now = this.#options.now();
    if (now - entry.accessed < touchIntervalOf(this.#options.expiry, entry.idleTimeout)) return entry;
    const touched = { ...entry, accessed: now };
    this.#entries.set(entry.handle, touched);
    return touched;
  }

  #put(entry: Entry): void {
    const held = this.#entries.get(entry.handle);
    const growth = sizeOf(entry) - (held === undefined ? 0 : sizeOf(held));
    if (growth > 0 && this.#bytes + growth > this.#options.maxBytes) {
      if (Math.abs(this.#options.now() - this.#sweptAt) >= sweepPause) this.#sweep();
      if (this.#bytes + growth > this.#options.maxBytes) throw storeFull();
    }
    this.#bytes += growth;
    this.#latestVersion = Math.max(this.#latestVersion, entry.version);
    this.#entries.set(entry.handle, entry);
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.handle);
    this.#bytes -= sizeOf(entry);
  }

  #sweep(): void {
    this.#sweptAt = this.#options.now();
    for (const entry of this.#entries.values()) {
      if (this.#hasEnded(entry)) this.#expire(entry);
    }
  }

  #expire(entry: Entry): void {
    this.#remove(entry);
    const { expiry } = this.#options;
    const expires = expiryOf(expiry, entry) ?? Infinity;
    this.#record('expired', expiryReason({ created: entry.created, expires }, expiry.maxLifetime), entry);
  }

  #record(type: SessionEventType, reason: SessionEventReason, entry: Entry): void {
    const { events } = this.#options;
    if (events?.isRecording !== true) return;
    const version = type === 'expired' ? undefined : entry.version;
    events.record({
      type,
      reason,
      handle: entry.handle,
      subject: knownAttributes(decode(entry).attributes).subject,
      version,
    });
  }

  #hasEnded(entry: Entry): boolean {
    const expires = expiryOf(this.#options.expiry, entry);
    return expires !== undefined && this.#options.now() >= expires;
  }

  #termsOf(entry: Entry): CopyTerms {
    const { expiry, now } = this.#options;
    const touchDue = entry.accessed + touchIntervalOf(expiry, entry.idleTimeout);
    const end = Math.min(touchDue, expiryOf(expiry, entry) ?? Infinity);
    return { generation: this.#generation, liveMs: Math.max(0, end - now()) };
  }

  #metadataOf(entry: Entry): SessionMetadata {
    const { created, accessed, idleTimeout, version } = entry;
    return { created, accessed, idleTimeout, version, expires: expiryOf(this.#options.expiry, entry) };
  }

  #recordOf(entry: Entry): SessionRecord {
    const { handle, csrfToken } = entry;
    const { content, attributes } = decode(entry);
    return { handle, csrfToken, ...knownAttributes(attributes), ...content, ...this.#metadataOf(entry) };
  }
}

function sizeOf({ body }: Entry): number {
  return overheadBytes + body.length;
}

function decode({ body }: Entry): Body {
  const decoded = decodeBody(body, 0);
  if (decoded === undefined) throw new Error('A session in memory cannot be decoded.');
  return decoded;
}

/** The store answers at once, so no deadline passes meanwhile. */
function refuseAfter(deadline = Infinity): void {
  if (performance.now() >= deadline) throw storeUnavailable(false);
}

function changesAnything(change: SessionUpdate): boolean {
  const { secretHash, csrfToken, idleTimeout } = change;
  return [secretHash, csrfToken, idleTimeout].some((part) => part !== undefined) || attributeChanges(change).length > 0;
}
