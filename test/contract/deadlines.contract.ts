import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { emptyContent } from '../../server/src/session/content';
import type { AcquireOutcome, NewSession, SessionStore } from '../../server/src/session/session-store';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import { generousLimits, twentyMinutes } from '../support/store-harness';
import type { MakeStore, StoreHarness } from '../support/store-harness';

const tokens = createTokens([randomSigningKey()]);

/** What session-store.ts says of deadlines, on one implementation. */
export function describeDeadlines(name: string, makeStore: MakeStore): void {
  describe(`SessionStore: ${name} changes nothing after its deadline`, () => {
    let harness: StoreHarness;
    let store: SessionStore;
    let session: NewSession;

    beforeEach(async () => {
      harness = await makeStore({ expiry: twentyMinutes, limits: generousLimits });
      store = harness.store;
      session = newSession();
    });

    afterEach(() => harness.close());

    const change = { mutations: [{ kind: 'set', key: 'a', value: Buffer.from('1') }] } as const;
    const notApplied = { reason: 'STORE_UNAVAILABLE', metadata: { maybe_applied: 'false' } };
    const past = () => performance.now() - 1;
    const future = () => performance.now() + 60_000;

    test('create()', async () => {
      await expect(store.create(session, past())).rejects.toMatchObject(notApplied);
      await expect(store.load(session)).resolves.toBeUndefined();
      await expect(store.create(session, future())).resolves.toMatchObject({ version: 1 });
    });

    test('load() that would record the access', async () => {
      await store.create(session);
      await harness.advance(twentyMinutes.idleTimeout! - 1000);
      await expect(store.load(session, past())).rejects.toMatchObject(notApplied);
      await expect(store.load(session, future())).resolves.toMatchObject({ touched: true });
    });

    test('update()', async () => {
      await store.create(session);
      await expect(store.update(session, change, past())).rejects.toMatchObject(notApplied);
      expect((await store.load(session))?.session).toMatchObject({ data: new Map(), version: 1 });
      await expect(store.update(session, change, future())).resolves.toMatchObject({ status: 'updated' });
    });

    test('acquire()', async () => {
      await store.create(session);
      const request = { holder: 'one', durationMs: 60_000 };
      await expect(store.acquire(session, request, past())).rejects.toMatchObject(notApplied);
      await expect(store.acquire(session, { ...request, holder: 'two' }, future())).resolves.toMatchObject({
        status: 'acquired',
      });
    });

    test('release()', async () => {
      await store.create(session);
      const acquired = await store.acquire(session, { holder: 'one', durationMs: 60_000 });
      const { fence } = (acquired as Extract<AcquireOutcome, { status: 'acquired' }>).lease;
      await expect(store.release(session, fence, past())).rejects.toMatchObject(notApplied);
      await expect(store.update(session, { ...change, fence })).resolves.toMatchObject({ status: 'updated' });
      await expect(store.release(session, fence, future())).resolves.toBe(true);
    });

    test('delete()', async () => {
      await store.create(session);
      await expect(store.delete(session, past())).rejects.toMatchObject(notApplied);
      await expect(store.load(session)).resolves.toBeDefined();
      await expect(store.delete(session, future())).resolves.toBe(true);
    });
  });
}

function newSession(): NewSession {
  const { handle, secretHash } = tokens.issue();
  const { idleTimeout } = twentyMinutes;
  return { handle, secretHash, content: emptyContent, csrfToken: 'csrf', idleTimeout, subject: undefined };
}
