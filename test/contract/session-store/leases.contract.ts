import { describe, expect, test } from '@jest/globals';
import type { SessionRef } from '../../../server/src/session/session-store';
import { newSession, push, set, sinceCreation } from './fixture';
import type { StoreFixture } from './fixture';

/** What session-store.ts says of leases. */
export function describeLeases(fixture: StoreFixture): void {
  const { create, apply, dataOf } = fixture;
  const durationMs = 60_000;

  const acquire = async (ref: SessionRef, holder: string) => {
    const outcome = await fixture.store.acquire(ref, { holder, durationMs });
    if (outcome.status !== 'acquired') throw new Error(`Expected the lease, got ${outcome.status}.`);
    return outcome;
  };
  const save = (ref: SessionRef, fence: number, json = '1') =>
    fixture.store.update(ref, { mutations: [set('a', json)], fence });
  const lost = { status: 'lease_lost' };

  describe('acquire() and release()', () => {
    test('lease a session to one holder at a time, with fences that grow', async () => {
      const session = await create();
      const { lease } = await acquire(session, 'one');
      expect(lease).toMatchObject({ holder: 'one' });
      const held = await fixture.store.acquire(session, { holder: 'two', durationMs });
      expect(held).toEqual({ status: 'held', remainingMs: expect.any(Number) });
      expect((held as { remainingMs: number }).remainingMs).toBeLessThanOrEqual(durationMs);
      await expect(fixture.store.release(session, lease.fence)).resolves.toBe(true);
      const next = await acquire(session, 'two');
      expect(next.lease.fence).toBeGreaterThan(lease.fence);
      await expect(fixture.store.release(session, next.lease.fence)).resolves.toBe(true);
      const third = await acquire(session, 'one');
      expect(third.lease.fence).toBeGreaterThan(next.lease.fence);
    });

    test('return the session as it is, without a new version', async () => {
      const session = await create({ subject: 'ada' });
      await apply(session, set('a', '1'), push('', '"hello"'));
      const { session: leased, lease } = await acquire(session, 'one');
      const loaded = await fixture.store.load(session);
      expect(leased).toMatchObject({ version: 2, subject: 'ada', data: new Map([['a', Buffer.from('1')]]) });
      expect(leased).toEqual(loaded?.session);
      await fixture.store.release(session, lease.fence);
      expect((await fixture.store.load(session))?.session).toMatchObject({ version: 2, subject: 'ada' });
    });

    test('give a holder the same lease again while it lasts, so that a call can be repeated', async () => {
      const session = await create();
      const { lease } = await acquire(session, 'one');
      await fixture.harness.advance(durationMs / 2);
      const again = await acquire(session, 'one');
      expect(again.lease.fence).toBe(lease.fence);
      await fixture.harness.advance(durationMs / 2 + 1000);
      const renewed = await acquire(session, 'one');
      expect(renewed.lease.fence).toBeGreaterThan(lease.fence);
    });

    test('end a lease by time, after a crash', async () => {
      const session = await create();
      const { lease } = await acquire(session, 'crashed');
      await fixture.harness.advance(durationMs / 2);
      await expect(fixture.store.acquire(session, { holder: 'two', durationMs })).resolves.toMatchObject({
        status: 'held',
      });
      await fixture.harness.advance(durationMs / 2 + 1000);
      const { lease: next } = await acquire(session, 'two');
      expect(next.fence).toBeGreaterThan(lease.fence);
      await expect(fixture.store.release(session, lease.fence)).resolves.toBe(false);
      await expect(save(session, next.fence)).resolves.toMatchObject({ status: 'updated' });
    });

    test('keep a lease through changes of all kinds, also of the secret', async () => {
      const session = await create({ subject: 'ada' });
      const { lease } = await acquire(session, 'a holder, "named" é');
      await apply(session, set('a', '1'), set('b', '2'));
      await apply(session, push('', '"hello"'));
      const { secretHash } = newSession();
      const change = { secretHash, subject: '', csrfToken: 'new', idleTimeout: 'never' } as const;
      await expect(fixture.store.update(session, change)).resolves.toMatchObject({ status: 'updated' });
      const renewed = { ...session, secretHash };
      await expect(fixture.store.acquire(renewed, { holder: 'two', durationMs })).resolves.toMatchObject({
        status: 'held',
      });
      await expect(save(renewed, lease.fence)).resolves.toMatchObject({ status: 'updated' });
    });

    test('find nothing with another secret, or after the end of the session', async () => {
      const session = await create();
      const other = { ...session, secretHash: newSession().secretHash };
      await expect(fixture.store.acquire(other, { holder: 'one', durationMs })).resolves.toEqual({
        status: 'not_found',
      });
      await expect(fixture.store.release(other, 1)).resolves.toBeUndefined();
      await fixture.store.delete(session);
      await expect(fixture.store.acquire(session, { holder: 'one', durationMs })).resolves.toEqual({
        status: 'not_found',
      });
      await expect(fixture.store.release(session, 1)).resolves.toBeUndefined();
    });

    test('record the access when a lease is acquired, and not when it is released', async () => {
      const session = await create();
      await fixture.harness.advance(19 * 60_000);
      const { lease, session: leased } = await acquire(session, 'one');
      expect(leased.accessed - leased.created).toBeGreaterThanOrEqual(19 * 60_000);
      await fixture.harness.advance(30_000);
      await expect(fixture.store.release(session, lease.fence)).resolves.toBe(true);
      const loaded = await fixture.store.load(session);
      expect(sinceCreation(loaded?.session).accessed).toBe(leased.accessed - leased.created);
    });
  });

  describe('update() under a fence', () => {
    test('is applied while the lease lasts, also more than once', async () => {
      const session = await create();
      const { lease } = await acquire(session, 'one');
      await expect(save(session, lease.fence, '1')).resolves.toMatchObject({ status: 'updated' });
      await expect(save(session, lease.fence, '2')).resolves.toMatchObject({ status: 'updated' });
      await expect(dataOf(session)).resolves.toEqual({ a: '2' });
    });

    test.each<[string, (session: SessionRef, fence: number) => Promise<unknown>]>([
      ['was released', (session, fence) => fixture.store.release(session, fence)],
      ['has ended by time', () => fixture.harness.advance(durationMs + 1000)],
      [
        'another holder has',
        async (session, fence) => {
          await fixture.store.release(session, fence);
          await acquire(session, 'two');
        },
      ],
    ])('stores nothing if the lease %s', async (_what, lose) => {
      const session = await create();
      const { lease } = await acquire(session, 'one');
      await lose(session, lease.fence);
      await expect(save(session, lease.fence)).resolves.toEqual(lost);
      await expect(fixture.store.update(session, { fence: lease.fence, subject: 'eve' })).resolves.toEqual(lost);
      expect((await fixture.store.load(session))?.session).toMatchObject({ data: new Map(), version: 1 });
      await expect(dataOf(session)).resolves.toEqual({});
    });

    test('stores nothing if there never was a lease, or if nothing would be changed', async () => {
      const session = await create();
      await expect(save(session, 1)).resolves.toEqual(lost);
      await expect(fixture.store.update(session, { fence: 1 })).resolves.toEqual(lost);
    });

    test('depends on the version, too', async () => {
      const session = await create();
      const { lease } = await acquire(session, 'one');
      await apply(session, set('b', '1'));
      const change = { mutations: [set('a', '1')], fence: lease.fence, ifVersion: 1 };
      await expect(fixture.store.update(session, change)).resolves.toEqual({ status: 'version_mismatch', version: 2 });
      await expect(fixture.store.update(session, { ...change, ifVersion: 2 })).resolves.toMatchObject({
        status: 'updated',
      });
    });
  });

  test('update() without a fence is applied as if there were no lease, and leaves it', async () => {
    const session = await create();
    const { lease } = await acquire(session, 'one');
    await apply(session, set('b', '2'));
    await apply(session, { kind: 'delete', key: 'b' });
    await expect(save(session, lease.fence)).resolves.toMatchObject({ status: 'updated' });
  });
}
