import { contentBytes } from '../../session/content';
import type { Content } from '../../session/content';
import type { SessionChange } from '../../session/change';
import { storeFull } from '../../session/errors';
import type { Limits } from '../../session/limits';
import { applyOperations } from '../../session/operations';
import { expiryOf, touchIntervalOf } from '../../session/session';
import type { ExpiryPolicy, SessionState } from '../../session/session';
import type { Loaded, NewSession, SessionRef, SessionStore, UpdateOutcome } from '../../session/session-store';

export interface MemoryStoreOptions {
  readonly expiry: ExpiryPolicy;
  readonly limits: Limits;
  /**
   * Most bytes of all sessions together, as {@link contentBytes} counts them plus {@link overheadBytes} each. A change that
   * does not fit is refused: no stored session is thrown out to make room for another.
   */
  readonly maxBytes: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface Entry extends NewSession {
  readonly created: number;
  readonly accessed: number;
  readonly version: number;
}

/** What a session takes besides its content: a rough measure of the objects that hold it. */
export const overheadBytes = 512;

const sweepInterval = 10_000;

/* eslint-disable @typescript-eslint/require-await -- async only so that a throw is a rejection */

/**
 * Sessions in this process, gone when it ends. The embedded default, for development and tests. No await in any
 * step, so that each is atomic.
 */
export class MemoryStore implements SessionStore {
  readonly ready = true;
  readonly parts = [];
  readonly #options: MemoryStoreOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #sweeper: NodeJS.Timeout;
  #bytes = 0;

  constructor(options: MemoryStoreOptions) {
    this.#options = options;
    this.#sweeper = setInterval(() => {
      this.#sweep();
    }, sweepInterval).unref();
  }

  async create(session: NewSession): Promise<SessionState> {
    if (this.#entries.has(session.handle)) throw new Error('A session with this handle exists already.');
    const now = this.#options.now();
    const entry: Entry = { ...session, created: now, accessed: now, version: 1 };
    this.#put(entry);
    return this.#stateOf(entry);
  }

  async load(ref: SessionRef): Promise<Loaded | undefined> {
    const entry = this.#find(ref);
    if (entry === undefined) return undefined;
    const accessed = this.#touch(entry);
    return { session: this.#recordOf(accessed), touched: accessed !== entry };
  }

  async update(ref: SessionRef, change: SessionChange): Promise<UpdateOutcome> {
    const entry = this.#find(ref);
    if (entry === undefined) return { status: 'not_found' };
    if (change.ifVersion !== undefined && change.ifVersion !== entry.version) {
      return { status: 'version_mismatch', version: entry.version };
    }
    const applied = applyOperations(entry.content, change.operations ?? [], this.#options.limits);
    if (applied.status === 'refused') return applied;
    const { results } = applied;
    if (!changesAnything(change) && !results.some((result) => result.applied)) {
      return { status: 'updated', session: this.#stateOf(this.#touch(entry)), results };
    }
    const changed: Entry = {
      ...entry,
      content: applied.content,
      accessed: this.#options.now(),
      version: entry.version + 1,
      secretHash: change.secretHash ?? entry.secretHash,
      csrfToken: change.csrfToken ?? entry.csrfToken,
      idleTimeout: change.idleTimeout === 'never' ? undefined : (change.idleTimeout ?? entry.idleTimeout),
      subject: change.subject === '' ? undefined : (change.subject ?? entry.subject),
    };
    this.#put(changed);
    return { status: 'updated', session: this.#stateOf(changed), results };
  }

  async delete(ref: SessionRef): Promise<boolean> {
    const entry = this.#find(ref);
    if (entry !== undefined) this.#remove(entry);
    return entry !== undefined;
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
  }

  #find({ handle, secretHash }: SessionRef): Entry | undefined {
    const entry = this.#entries.get(handle);
    if (entry === undefined) return undefined;
    if (this.#hasEnded(entry)) {
      this.#remove(entry);
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
    const growth = sizeOf(entry.content) - (held === undefined ? 0 : sizeOf(held.content));
    if (growth > 0 && this.#bytes + growth > this.#options.maxBytes) {
      this.#sweep();
      if (this.#bytes + growth > this.#options.maxBytes) throw storeFull();
    }
    this.#bytes += growth;
    this.#entries.set(entry.handle, entry);
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.handle);
    this.#bytes -= sizeOf(entry.content);
  }

  #sweep(): void {
    for (const entry of this.#entries.values()) {
      if (this.#hasEnded(entry)) this.#remove(entry);
    }
  }

  #hasEnded(entry: Entry): boolean {
    const expires = expiryOf(this.#options.expiry, entry);
    return expires !== undefined && this.#options.now() >= expires;
  }

  #stateOf(entry: Entry): SessionState {
    const { created, accessed, idleTimeout, version } = entry;
    return { created, accessed, idleTimeout, version, expires: expiryOf(this.#options.expiry, entry) };
  }

  #recordOf(entry: Entry) {
    const { handle, csrfToken, subject, content } = entry;
    return { handle, csrfToken, subject, ...content, ...this.#stateOf(entry) };
  }
}

function sizeOf(content: Content): number {
  return overheadBytes + contentBytes(content);
}

function changesAnything({ secretHash, csrfToken, idleTimeout, subject }: SessionChange): boolean {
  return [secretHash, csrfToken, idleTimeout, subject].some((part) => part !== undefined);
}
