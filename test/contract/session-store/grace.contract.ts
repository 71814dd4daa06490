import { describe, expect, test } from '@jest/globals';
import type { SessionRef } from '../../../server/src/session/session-store';
import { newSession, set } from './fixture';
import type { StoreFixture } from './fixture';

/** What session-store.ts says of tokens that were replaced. */
export function describeGrace(fixture: StoreFixture): void {
  const { create, apply, dataOf } = fixture;
  const graceMs = 20_000;
  const pastGrace = graceMs + 6000;

  const replace = async (ref: SessionRef, grace: number | undefined = graceMs): Promise<SessionRef> => {
    const { secretHash } = newSession();
    const outcome = await fixture.store.update(ref, { secretHash, csrfToken: 'new', graceMs: grace });
    expect(outcome.status).toBe('updated');
    return { handle: ref.handle, secretHash };
  };
  const replaceWithoutGrace = async (ref: SessionRef): Promise<SessionRef> => {
    const { secretHash } = newSession();
    expect((await fixture.store.update(ref, { secretHash })).status).toBe('updated');
    return { handle: ref.handle, secretHash };
  };
  const isFound = async (ref: SessionRef): Promise<boolean> => (await fixture.store.load(ref)) !== undefined;
  const { reportsOf } = fixture;

  describe('a replaced token', () => {
    test('is dead at once without a grace, and not reported', async () => {
      const old = await create();
      const present = await replaceWithoutGrace(old);
      await expect(isFound(old)).resolves.toBe(false);
      await expect(isFound(present)).resolves.toBe(true);
      expect(reportsOf(old)).toBe(0);
    });

    test('finds the session during its grace, for reads and changes, like the present one', async () => {
      const old = await create();
      await apply(old, set('a', '1'));
      const present = await replace(old);
      await apply(old, set('a', '2'));
      await apply(old, { kind: 'delete', key: 'x' }, set('b', '3'));
      await expect(dataOf(old)).resolves.toEqual({ a: '2', b: '3' });
      await expect(dataOf(present)).resolves.toEqual({ a: '2', b: '3' });
      await apply(present, set('a', '4'));
      await expect(dataOf(old)).resolves.toEqual({ a: '4', b: '3' });
      expect((await fixture.store.load(old))?.session.csrfToken).toBe('new');
      expect(reportsOf(old)).toBe(0);
    });

    test('is not trusted without being asked for: nothing reports the end of a grace', async () => {
      const old = await create();
      const present = await replace(old);
      await fixture.store.load(present);
      expect((await fixture.store.load(old))?.liveMs).toBe(0);
      expect(await fixture.store.update(old, { mutations: [set('a', '1')] })).toMatchObject({ liveMs: 0 });
      expect(await fixture.store.update(old, { mutations: [set('a', '1')], csrfToken: 'c' })).toMatchObject({
        liveMs: 0,
      });
      expect(await fixture.store.validate(old, Buffer.from('any'))).toMatchObject({ liveMs: 0 });
    });

    test('finds nothing after its grace, and is reported each time', async () => {
      const old = await create();
      const present = await replace(old);
      await fixture.store.load(old);
      await fixture.harness.advance(pastGrace);
      await fixture.store.load(present);
      await expect(isFound(old)).resolves.toBe(false);
      const reports = reportsOf(old);
      expect(reports).toBeGreaterThanOrEqual(1);
      await expect(fixture.store.update(old, { mutations: [set('a', '1')] })).resolves.toEqual({ status: 'not_found' });
      await expect(fixture.store.update(old, { csrfToken: 'c' })).resolves.toEqual({ status: 'not_found' });
      await expect(fixture.store.delete(old)).resolves.toBe(false);
      await expect(fixture.store.acquire(old, { holder: 'one', durationMs: 1000 })).resolves.toEqual({
        status: 'not_found',
      });
      expect(reportsOf(old)).toBe(reports + 4);
      await expect(dataOf(present)).resolves.toEqual({});
    });

    test('ends the session during its grace', async () => {
      const old = await create();
      const present = await replace(old);
      await expect(fixture.store.delete(old)).resolves.toBe(true);
      await expect(isFound(present)).resolves.toBe(false);
    });

    test('cannot replace the present one', async () => {
      const old = await create();
      const present = await replace(old);
      const { secretHash } = newSession();
      await expect(fixture.store.update(old, { secretHash, graceMs })).resolves.toEqual({ status: 'not_found' });
      await expect(isFound(present)).resolves.toBe(true);
      await expect(isFound(old)).resolves.toBe(true);
    });

    test('loses its grace when the token is replaced again, and the second one gets its own', async () => {
      const first = await create();
      const second = await replace(first);
      const third = await replace(second);
      await expect(isFound(first)).resolves.toBe(false);
      await expect(isFound(second)).resolves.toBe(true);
      await expect(isFound(third)).resolves.toBe(true);
      expect(reportsOf(first)).toBe(0);
      const fourth = await replaceWithoutGrace(third);
      for (const dead of [first, second, third]) await expect(isFound(dead)).resolves.toBe(false);
      await expect(isFound(fourth)).resolves.toBe(true);
      expect(reportsOf(first)).toBe(0);
    });

    test.each(['eve', ''])('loses its grace when the subject is changed to "%s"', async (subject) => {
      const old = await create({ subject: 'ada' });
      const present = await replace(old);
      await expect(fixture.store.update(present, { subject })).resolves.toMatchObject({ status: 'updated' });
      await expect(isFound(old)).resolves.toBe(false);
      expect(reportsOf(old)).toBeGreaterThanOrEqual(1);
      await expect(isFound(present)).resolves.toBe(true);
    });

    test('keeps its grace through other changes', async () => {
      const old = await create();
      const present = await replace(old);
      await apply(present, set('a', '1'));
      await apply(present, { kind: 'clear' });
      await fixture.store.update(present, { csrfToken: 'c', idleTimeout: 60_000 });
      await expect(isFound(old)).resolves.toBe(true);
    });

    test('of another session finds nothing', async () => {
      const old = await create();
      await replace(old);
      const other = { ...old, secretHash: newSession().secretHash };
      await expect(isFound(other)).resolves.toBe(false);
      expect(reportsOf(old)).toBe(0);
    });
  });
}
