import { describe, expect, test } from '@jest/globals';
import { sinceCreation, set, minute } from './fixture';
import type { StoreFixture } from './fixture';

/** What session-store.ts says of the end of a session. */
export function describeExpiry(fixture: StoreFixture): void {
  const { startWith, create, apply, dataOf } = fixture;

  describe('expiry', () => {
    const idle = 20 * minute;
    /** Redis's clock goes on while a test runs: no test asks what happens closer to an end than this. */
    const slack = 20_000;

    test('a session lives at least its idle timeout from its last access, recorded or not', async () => {
      const session = await create();
      await fixture.harness.advance(minute - slack);
      expect(await fixture.store.load(session)).toMatchObject({ touched: false });
      await fixture.harness.advance(idle);
      expect(await fixture.store.load(session)).toMatchObject({ touched: true });
    });

    test('at most its idle timeout and one touch interval', async () => {
      const session = await create();
      await fixture.harness.advance(idle + minute);
      await expect(fixture.store.load(session)).resolves.toBeUndefined();
    });

    test('a load within the touch interval of a recorded access writes nothing', async () => {
      const session = await create();
      const before = await fixture.store.load(session);
      await fixture.harness.advance(minute - slack);
      const after = await fixture.store.load(session);
      expect(before?.touched).toBe(false);
      expect(after?.touched).toBe(false);
      expect(sinceCreation(after?.session)).toEqual(sinceCreation(before?.session));
    });

    test('a load after the touch interval records the access and slides the end', async () => {
      const session = await create();
      await fixture.harness.advance(5 * minute);
      const loaded = await fixture.store.load(session);
      expect(loaded?.touched).toBe(true);
      expect(loaded?.session.version).toBe(1);
      const { accessed, expires } = sinceCreation(loaded?.session);
      expect(accessed).toBeGreaterThanOrEqual(5 * minute);
      expect(expires).toBe(accessed + idle + minute);
      expect(await fixture.store.load(session)).toMatchObject({ touched: false });
      await fixture.harness.advance(idle);
      await expect(fixture.store.load(session)).resolves.toBeDefined();
    });

    test('an update counts as an access, even one that changes nothing', async () => {
      const session = await create();
      await fixture.harness.advance(15 * minute);
      await apply(session, set('a', '1'));
      await fixture.harness.advance(15 * minute);
      await apply(session, { kind: 'delete', key: 'missing' });
      await fixture.harness.advance(15 * minute);
      await expect(dataOf(session)).resolves.toEqual({ a: '1' });
    });

    test('a session never outlives the maximum lifetime, however busy it is', async () => {
      await startWith({ idleTimeout: idle, touchInterval: undefined, maxLifetime: 60 * minute });
      const session = await create();
      for (let elapsed = 0; elapsed < 50; elapsed += 10) {
        await fixture.harness.advance(10 * minute);
        await expect(fixture.store.load(session)).resolves.toBeDefined();
      }
      expect(sinceCreation((await fixture.store.load(session))?.session).expires).toBe(60 * minute);
      await fixture.harness.advance(10 * minute);
      await expect(fixture.store.load(session)).resolves.toBeUndefined();
    });

    test('without an idle timeout a session never expires by itself', async () => {
      await startWith({ idleTimeout: undefined, touchInterval: undefined, maxLifetime: undefined });
      const session = await create({ idleTimeout: undefined });
      await fixture.harness.advance(365 * 24 * 60 * minute);
      expect((await fixture.store.load(session))?.session).toMatchObject({
        idleTimeout: undefined,
        expires: undefined,
      });
    });

    test("a session's own idle timeout holds, can be changed, and can be taken away", async () => {
      const session = await create({ idleTimeout: 2 * minute });
      await fixture.harness.advance(2 * minute);
      await fixture.store.update(session, { idleTimeout: 50 * minute });
      await fixture.harness.advance(50 * minute);
      await expect(fixture.store.load(session)).resolves.toBeDefined();
      await fixture.store.update(session, { idleTimeout: 'never' });
      await fixture.harness.advance(1000 * minute);
      await expect(fixture.store.load(session)).resolves.toBeDefined();
      await fixture.store.update(session, { idleTimeout: 2 * minute });
      await fixture.harness.advance(3 * minute);
      await expect(fixture.store.load(session)).resolves.toBeUndefined();
    });

    test('accesses keep a session alive whose idle timeout was shortened', async () => {
      const session = await create();
      await fixture.store.load(session);
      await fixture.store.update(session, { idleTimeout: 5 * minute });
      for (let elapsed = 0; elapsed < 20; elapsed += 4) {
        await fixture.harness.advance(4 * minute);
        await expect(fixture.store.load(session)).resolves.toMatchObject({ touched: true });
      }
    });

    test('the touch interval is 10 % of the idle timeout unless set', async () => {
      const session = await create({ idleTimeout: 500_000 });
      await fixture.harness.advance(50_000 - slack);
      expect(await fixture.store.load(session)).toMatchObject({ touched: false });
      await fixture.harness.advance(slack);
      expect(await fixture.store.load(session)).toMatchObject({ touched: true });
    });

    test('a touch interval that is set applies, even above 10 % of the idle timeout', async () => {
      await startWith({ idleTimeout: idle, touchInterval: 10 * minute, maxLifetime: undefined });
      const session = await create();
      await fixture.harness.advance(9 * minute);
      expect(await fixture.store.load(session)).toMatchObject({ touched: false });
      await fixture.harness.advance(idle);
      expect(await fixture.store.load(session)).toMatchObject({ touched: true });
    });
  });
}
