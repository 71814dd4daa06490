import { afterEach, beforeEach } from '@jest/globals';
import { emptyContent } from '../../../server/src/session/content';
import type { SessionInventory } from '../../../server/src/session/admin/session-inventory';
import type { DataCheck } from '../../../server/src/session/data-rule';
import type { ExpiryPolicy } from '../../../server/src/session/session';
import type { NewSession, SessionRef, SessionStore } from '../../../server/src/session/session-store';
import type { Mutation } from '../../../server/src/session/session-update';
import type { SubjectLimit } from '../../../server/src/session/subject-limit';
import { createTokens, randomSigningKey } from '../../../server/src/tokens/token';
import { generousLimits, twentyMinutes } from '../../support/store-harness';
import type { MakeStore, StoreHarness } from '../../support/store-harness';

const tokens = createTokens([randomSigningKey()]);
export const minute = 60_000;

/** A new store for each test of the `describe` block that it is made in. */
export class StoreFixture {
  harness!: StoreHarness;
  readonly #makeStore: MakeStore;

  constructor(makeStore: MakeStore) {
    this.#makeStore = makeStore;
    beforeEach(async () => {
      this.harness = await makeStore({ expiry: twentyMinutes, limits: generousLimits });
    });
    afterEach(() => this.harness.close());
  }

  get store(): SessionStore {
    return this.harness.store;
  }

  get inventory(): SessionInventory {
    return this.harness.inventory;
  }

  /** How often the store has reported the use of a replaced token of a session. */
  readonly reportsOf = ({ handle }: SessionRef): number =>
    this.harness.replacedTokens.filter((each) => each === handle).length;

  readonly startWith = async (
    expiry: ExpiryPolicy,
    limits = generousLimits,
    subjectLimit?: SubjectLimit,
    dataCheck?: DataCheck,
  ): Promise<void> => {
    await this.harness.close();
    this.harness = await this.#makeStore({ expiry, limits, subjectLimit, dataCheck });
  };

  readonly create = async (session: Partial<NewSession> = {}): Promise<NewSession> => {
    const created = newSession(session);
    await this.store.create(created);
    return created;
  };

  readonly apply = async (ref: SessionRef, ...mutations: Mutation[]) => {
    const outcome = await this.store.update(ref, { mutations });
    if (outcome.status !== 'updated') throw new Error(`Expected an update, got ${outcome.status}.`);
    return outcome;
  };

  readonly dataOf = async (ref: SessionRef): Promise<Record<string, string>> => {
    const loaded = await this.store.load(ref);
    if (loaded === undefined) throw new Error('Expected the session to be there.');
    return Object.fromEntries([...loaded.session.data].map(([key, value]) => [key, value.toString()]));
  };
}

export function newSession(session: Partial<NewSession> = {}): NewSession {
  const { handle, secretHash } = tokens.issue();
  return {
    handle,
    secretHash,
    content: emptyContent,
    csrfToken: 'csrf-token',
    idleTimeout: twentyMinutes.idleTimeout,
    subject: undefined,
    ...session,
  };
}

/** Times as distances, which moving the store's time does not change. */
export function sinceCreation(session: { created: number; accessed: number; expires: number | undefined } | undefined) {
  if (session === undefined) throw new Error('Expected the session to be there.');
  const { created, accessed, expires } = session;
  return { accessed: accessed - created, expires: expires === undefined ? undefined : expires - created };
}

export function set(key: string, json: string): Mutation {
  return { kind: 'set', key, value: Buffer.from(json) };
}

export function append(key: string, json: string, unlessPresent = false): Mutation {
  return { kind: 'append', key, value: Buffer.from(json), unlessPresent };
}

export function increment(key: string, by: number): Mutation {
  return { kind: 'increment', key, by };
}

export function push(queue: string, json: string, unlessPresent = false): Mutation {
  return { kind: 'push_flash', queue, message: Buffer.from(json), unlessPresent };
}

export function times(count: number, ...mutations: readonly Mutation[]): Mutation[] {
  return Array.from({ length: count }, () => mutations).flat();
}
