import type { SessionNews } from './protocol';

/** A session as a worker knows it. */
export interface KnownSession {
  readonly news: SessionNews;
  /** Oldest first; all but the last are dead. */
  readonly tokens: { readonly name: string; readonly value: string }[];
  /** The highest version seen so far. */
  version: number;
  /** The number of changes in its log. */
  changes: number;
  /** Whether it no longer exists, as far as known. */
  isOver: boolean;
}

/** After this many changes, another session replaces it, so that logs stay short. */
const maxChanges = 250;
/** How many ended sessions are still called. */
const maxDead = 8;

/** The current session of each slot, and some earlier ones. */
export class Sessions {
  readonly #bySlot = new Map<number, KnownSession>();
  readonly #creating = new Set<number>();
  #dead: KnownSession[] = [];

  learn(news: SessionNews): void {
    const known = this.#bySlot.get(news.slot);
    const token = { name: news.tokenName, value: news.token };
    if (known?.news.name === news.name) {
      if (!known.tokens.some(({ name }) => name === token.name)) known.tokens.push(token);
      known.isOver = false;
      return;
    }
    if (known !== undefined) this.#retire(known);
    this.#bySlot.set(news.slot, { news, tokens: [token], version: 1, changes: 1, isOver: false });
  }

  #retire(session: KnownSession): void {
    this.#dead = [session, ...this.#dead].slice(0, maxDead);
  }

  /** The session of a slot; `undefined` if a new one must be created. */
  at(slot: number): KnownSession | undefined {
    const session = this.#bySlot.get(slot);
    return session === undefined || session.isOver || session.changes >= maxChanges ? undefined : session;
  }

  /** Whether a session for the slot is being created. */
  isCreating(slot: number): boolean {
    return this.#creating.has(slot);
  }

  setCreating(slot: number, isCreating: boolean): void {
    if (isCreating) this.#creating.add(slot);
    else this.#creating.delete(slot);
  }

  /** Sessions that have ended or were replaced. */
  get dead(): readonly KnownSession[] {
    return this.#dead;
  }

  clear(): void {
    this.#bySlot.clear();
    this.#dead = [];
  }
}
