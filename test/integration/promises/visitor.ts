import { SessionError } from '@session-sidecar/client';
import type { ISession, SessionClient } from '@session-sidecar/client';
import fc from 'fast-check';
import { mutation, RpcFailure } from '../../support/raw-grpc';
import type { RawClient } from '../../support/raw-grpc';
import { SessionLedger } from './ledger';
import type { TokenLedger } from './ledger';

const slotCount = 8;

export interface Shared {
  count?: number;
  log?: string[];
  total?: number;
  [own: `own-${string}`]: number;
}

/** What a client does next. Which session that meets, and in what state, depends on the others. */
export const step = fc.record({
  kind: fc.oneof(
    ...(
      [
        ['add', 42],
        ['set', 26],
        ['transform', 7],
        ['push', 3],
        ['pop', 9],
        ['saveLate', 6],
        ['read', 2],
        ['regenerate', 4],
        ['invalidate', 1],
      ] as const
    ).map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind) })),
  ),
  slot: fc.nat({ max: slotCount - 1 }),
  /** How many tokens before the newest of the slot: a browser tab that did not hear of the change. */
  tokensBack: fc.oneof(
    { weight: 19, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
  ),
  alsoPush: fc.boolean(),
});
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Where visitors of one browser meet: the tokens it had, newest last. */
export interface Slot {
  readonly tokens: TokenLedger[];
  renewing: boolean;
}

/** Refusals that are answers. Anything else fails the test. */
const refusals = new Set(['SESSION_NOT_FOUND', 'FLASH_QUEUE_FULL', 'VERSION_MISMATCH']);

export class World {
  readonly sessions: SessionLedger[] = [];
  readonly slots: Slot[] = Array.from({ length: slotCount }, () => ({ tokens: [], renewing: false }));
  readonly problems: string[] = [];
  /** Operations that change something, not calls. */
  acknowledged = 0;
  refused = 0;
  #moment = 0;

  now(): number {
    return ++this.#moment;
  }

  /**
   * Does something with a token, in one call, and notes that it was acknowledged, unless `asked` says that the sidecar was
   * not asked.
   *
   * @param changes the operations that the call consists of; none for a read.
   * @returns `undefined` if it was refused.
   */
  async attempt<T>(
    token: TokenLedger,
    changes: readonly string[],
    act: () => Promise<T>,
    asked: (result: T) => boolean = () => true,
  ): Promise<T | undefined> {
    const begun = this.now();
    try {
      const result = await act();
      if (!asked(result)) return result;
      this.acknowledged += changes.length;
      token.acknowledged.push({ what: changes.join(' and ') || 'a read', begun });
      return result;
    } catch (error) {
      const code = error instanceof RpcFailure ? error.reason : SessionError.is(error) ? error.code : undefined;
      if (code === undefined || !refusals.has(code)) throw error;
      this.refused += changes.length;
      return undefined;
    }
  }
}

/**
 * How long a read may miss what another connection has changed: with a cache in the client, as long as it promises
 * (docs/guide/client-cache.md).
 */
const staleMs = (globalThis as { clientCache?: boolean }).clientCache === true ? 1000 : 0;

export class Visitor {
  #written = 0;
  /** Opened earlier, saved much later. */
  #held: { session: ISession<Shared>; token: TokenLedger } | undefined;

  constructor(
    readonly name: string,
    readonly client: SessionClient<Shared>,
    readonly raw: RawClient,
    readonly world: World,
  ) {}

  async do({ kind, slot: slotNumber, tokensBack, alsoPush }: Step): Promise<void> {
    const slot = this.world.slots[slotNumber]!;
    const token = slot.tokens.at(-1 - tokensBack) ?? slot.tokens.at(-1)!;
    switch (kind) {
      case 'add':
        return this.#add(token);
      case 'saveLate':
        return this.#saveLate(token);
      case 'invalidate':
        return this.#invalidate(token, slot);
      default:
    }
    const session = await this.#open(token);
    if (session === undefined) return;
    switch (kind) {
      case 'set':
        return this.#save(session, token, { alsoPush });
      case 'push':
        return this.#push(session, token);
      case 'pop':
        return this.#pop(session, token);
      case 'transform':
        return this.#transform(session, token);
      case 'regenerate':
        return this.#regenerate(session, token, slot);
      case 'read':
    }
  }

  async create(slot: Slot): Promise<void> {
    const session = this.client.create();
    session.set('count', 0);
    await session.save();
    this.world.acknowledged += 1;
    const ledger = new SessionLedger(session.handle!);
    this.world.sessions.push(ledger);
    ledger.versions.push(session.version);
    slot.tokens.push(issue(ledger, session.token!));
  }

  async #add(token: TokenLedger): Promise<void> {
    const element = this.#unique();
    const mutations = [mutation.increment('count', 1), mutation.append('log', JSON.stringify(element))];
    const request = { token: token.token, mutations };
    const updated = await this.world.attempt(token, ['an increment', 'an append'], () =>
      this.raw.call('updateSession', request),
    );
    if (updated === undefined) return;
    token.session.counts.push(Number(updated.results[0]!.value));
    token.session.appended.set(element, performance.now());
    token.session.versions.push(updated.version);
  }

  /** Opens a session and checks that it holds all that was acknowledged before. */
  async #open(token: TokenLedger): Promise<ISession<Shared> | undefined> {
    const { session: ledger } = token;
    const mustShow = [...ledger.appended].filter(([, at]) => at <= performance.now() - staleMs);
    const opened = await this.world.attempt(token, [], async () => {
      const session = await this.client.open(token.token);
      if (session.origin !== 'found') throw new SessionError('SESSION_NOT_FOUND', session.origin);
      return session;
    });
    if (opened === undefined) return undefined;
    const { problems } = this.world;
    if (opened.handle !== ledger.handle) problems.push(`a token of ${ledger.handle} opened ${opened.handle}`);
    const own = opened.get(`own-${this.name}`);
    const written = ledger.own.get(this.name);
    if (own !== written) problems.push(`${this.name} wrote ${written} to ${ledger.handle} and found ${own}`);
    const log = new Set(opened.get('log'));
    for (const [element] of mustShow) {
      if (!log.has(element)) problems.push(`${element} was appended to ${ledger.handle} and was gone`);
    }
    return opened;
  }

  async #save(session: ISession<Shared>, token: TokenLedger, { alsoPush }: { alsoPush: boolean }): Promise<void> {
    const value = ++this.#written;
    const message = this.#unique();
    session.set(`own-${this.name}`, value);
    if (alsoPush) session.flash(message);
    const saved = await this.world.attempt(token, alsoPush ? ['a set', 'a flash'] : ['a set'], () =>
      session.save().then(() => true),
    );
    if (saved === undefined) return;
    token.session.own.set(this.name, value);
    token.session.versions.push(session.version);
    if (alsoPush) token.session.pushed.push(message);
  }

  /** As a slow request does: what it writes comes long after it was opened. */
  async #saveLate(token: TokenLedger): Promise<void> {
    const held = this.#held;
    const session = await this.#open(token);
    this.#held = session && { session, token };
    if (held !== undefined) await this.#save(held.session, held.token, { alsoPush: false });
  }

  async #push(session: ISession<Shared>, token: TokenLedger): Promise<void> {
    const message = this.#unique();
    session.flash(message);
    const saved = await this.world.attempt(token, ['a flash'], () => session.save().then(() => true));
    if (saved === undefined) return;
    token.session.pushed.push(message);
    token.session.versions.push(session.version);
  }

  async #pop(session: ISession<Shared>, token: TokenLedger): Promise<void> {
    const pop = () => session.popFlash<string>();
    // When no message waited as the session was opened, the client knows the answer.
    const messages = await this.world.attempt(token, ['a pop'], pop, ({ length }) => length > 0);
    token.session.popped.push(...(messages ?? []));
  }

  async #transform(session: ISession<Shared>, token: TokenLedger): Promise<void> {
    const total = await this.world.attempt(token, ['a transform'], () =>
      session.transform('total', (before = 0) => before + 1),
    );
    if (total === undefined) return;
    token.session.totals.push(total);
    token.session.versions.push(session.version);
  }

  async #regenerate(session: ISession<Shared>, token: TokenLedger, slot: Slot): Promise<void> {
    const value = ++this.#written;
    session.set(`own-${this.name}`, value);
    const regenerated = await this.world.attempt(token, ['a set', 'a regeneration'], () =>
      session.regenerate().then(() => true),
    );
    if (regenerated === undefined) return;
    if (token.replaced !== undefined) this.world.problems.push(`a token of ${token.session.handle} was replaced twice`);
    token.replaced = this.world.now();
    token.session.own.set(this.name, value);
    token.session.versions.push(session.version);
    const next = issue(token.session, session.token!);
    if (slot.tokens.at(-1) === token) slot.tokens.push(next);
  }

  async #invalidate(token: TokenLedger, slot: Slot): Promise<void> {
    await this.raw.call('invalidateSession', { token: token.token });
    this.world.acknowledged += 1;
    token.invalidated ??= this.world.now();
    if (slot.tokens.at(-1)?.session !== token.session || slot.renewing) return;
    slot.renewing = true;
    await this.create(slot);
    slot.renewing = false;
  }

  #unique(): string {
    return `${this.name}-${++this.#written}`;
  }
}

function issue(session: SessionLedger, token: string): TokenLedger {
  const ledger: TokenLedger = { token, session, acknowledged: [] };
  session.tokens.push(ledger);
  return ledger;
}
