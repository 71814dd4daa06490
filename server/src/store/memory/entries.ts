import { storeFull } from '../../session/errors';
import { expiryOf } from '../../session/session';
import type { ExpiryPolicy } from '../../session/session';
import { sizeOf } from './entry';
import type { Entry } from './entry';
import { recordExpiry } from './entry-events';
import type { MemoryEventLog } from './memory-event-log';
import { SubjectIndex } from './subject-index';

export interface EntriesOptions {
  readonly expiry: ExpiryPolicy;
  /**
   * Maximum size of all sessions together: for each, its encoded content and some overhead ({@link sizeOf}). A change that does not fit
   * is rejected; stored sessions are never evicted.
   */
  readonly maxBytes: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Records when sessions begin, get a new token and end; `undefined`: nothing does. */
  readonly events?: MemoryEventLog | undefined;
}

const sweepInterval = 10_000;

/** While events are recorded, so that the end of a session is reported soon. */
const recordingSweepInterval = 1000;

/** Minimum time between two sweeps for room, because each looks at every session. */
const sweepPause = 1000;

/** What is stored: by handle and by subject, within a size, until it expires. */
export class Entries {
  readonly #options: EntriesOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #subjects = new SubjectIndex();
  readonly #sweeper: NodeJS.Timeout;
  #bytes = 0;
  #latestVersion = 0;
  #sweptAt = -Infinity;

  constructor(options: EntriesOptions) {
    this.#options = options;
    this.#sweeper = setInterval(() => {
      const isDue = Math.abs(options.now() - this.#sweptAt) >= sweepInterval;
      if (isDue || options.events?.isRecording === true) this.#sweep();
    }, recordingSweepInterval).unref();
  }

  /** Some may have expired. */
  get size(): number {
    return this.#entries.size;
  }

  /** Of all sessions that there ever were. */
  get latestVersion(): number {
    return this.#latestVersion;
  }

  /** Of all sessions, also of those that have expired. May change while it is read: what is added meanwhile comes last. */
  handles(): IterableIterator<string> {
    return this.#entries.keys();
  }

  /** The session with a handle, unless it has expired. */
  find(handle: string): Entry | undefined {
    const entry = this.#entries.get(handle);
    if (entry === undefined || !this.#hasEnded(entry)) return entry;
    this.#expire(entry);
    return undefined;
  }

  /** A subject's sessions that have not expired, in the order of their handles. */
  of(subject: string): Entry[] {
    return this.#subjects.handlesOf(subject).flatMap((handle) => this.find(handle) ?? []);
  }

  /** Adds a session, or replaces the one with its handle. @throws STORE_FULL */
  put(entry: Entry): void {
    const held = this.#entries.get(entry.handle);
    const growth = sizeOf(entry) - (held === undefined ? 0 : sizeOf(held));
    if (growth > 0 && this.#bytes + growth > this.#options.maxBytes) {
      if (Math.abs(this.#options.now() - this.#sweptAt) >= sweepPause) this.#sweep();
      if (this.#bytes + growth > this.#options.maxBytes) throw storeFull();
    }
    this.#bytes += growth;
    this.#subjects.move(entry.handle, held?.subject, entry.subject);
    this.#latestVersion = Math.max(this.#latestVersion, entry.version);
    this.#entries.set(entry.handle, entry);
  }

  remove(entry: Entry): void {
    this.#entries.delete(entry.handle);
    this.#subjects.move(entry.handle, entry.subject, undefined);
    this.#bytes -= sizeOf(entry);
  }

  close(): void {
    clearInterval(this.#sweeper);
  }

  #sweep(): void {
    this.#sweptAt = this.#options.now();
    for (const entry of this.#entries.values()) {
      if (this.#hasEnded(entry)) this.#expire(entry);
    }
  }

  #expire(entry: Entry): void {
    this.remove(entry);
    recordExpiry(this.#options.events, this.#options.expiry, entry);
  }

  #hasEnded(entry: Entry): boolean {
    const expires = expiryOf(this.#options.expiry, entry);
    return expires !== undefined && this.#options.now() >= expires;
  }
}
