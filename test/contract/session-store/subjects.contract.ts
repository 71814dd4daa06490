import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { NewSession, SubjectPage, SubjectPageRequest } from '../../../server/src/session/session-store';
import { twentyMinutes } from '../../support/store-harness';
import { minute, newSession, set } from './fixture';
import type { StoreFixture } from './fixture';

const idle = twentyMinutes.idleTimeout!;

/** What session-store.ts says of the sessions of a subject. */
export function describeSubjects(fixture: StoreFixture): void {
  const { create, apply } = fixture;

  /** Unlike those of other tests, which may have left sessions in the same store. */
  let ada: string;
  let bob: string;
  beforeEach(() => {
    [ada, bob] = [`ada-${randomUUID()}`, `bob-${randomUUID()}`];
  });

  const list = (subject: string, request: Partial<SubjectPageRequest> = {}): Promise<SubjectPage> =>
    fixture.store.listSubject(subject, { after: undefined, size: 100, maxDataBytes: undefined, ...request });
  const handlesOf = async (subject: string): Promise<string[]> =>
    (await list(subject)).sessions.map(({ handle }) => handle);
  const sorted = (...sessions: NewSession[]): string[] => sessions.map(({ handle }) => handle).sort();
  const exists = async (session: NewSession): Promise<boolean> => (await fixture.store.load(session)) !== undefined;
  const data = (bytes: number) => ({ data: new Map([['a', Buffer.alloc(bytes, 'x')]]), flash: new Map() });

  describe('listSubject()', () => {
    test('lists the sessions of a subject, and of no other', async () => {
      const first = await create({ subject: ada, label: 'phone', content: data(5) });
      const second = await create({ subject: ada });
      const other = await create({ subject: ada.toUpperCase() });
      await create();
      expect(await handlesOf(ada)).toEqual(sorted(first, second));
      expect(await handlesOf(ada.toUpperCase())).toEqual([other.handle]);
      expect(await handlesOf('nobody')).toEqual([]);
      const { session } = (await fixture.store.load(first))!;
      const { created, accessed, expires, version, idleTimeout } = session;
      const listed = (await list(ada)).sessions.find(({ handle }) => handle === first.handle);
      const { handle, secretHash, label } = first;
      const metadata = { created, accessed, expires, version, idleTimeout };
      expect(listed).toEqual({ handle, secretHash, label, data: new Map(), ...metadata });
    });

    test('lists the data only if asked', async () => {
      await create({ subject: ada, content: data(5) });
      const [session] = (await list(ada, { maxDataBytes: 1000 })).sessions;
      expect(session?.data).toEqual(data(5).data);
    });

    test.each([1, 2, 3, 100])('lists every session once, in pages of %i', async (size) => {
      const sessions = await Promise.all(Array.from({ length: 7 }, () => create({ subject: ada })));
      const handles: string[] = [];
      let after: string | undefined;
      do {
        const page = await list(ada, { size, after });
        expect(page.sessions.length).toBeLessThanOrEqual(size);
        handles.push(...page.sessions.map(({ handle }) => handle));
        after = page.next;
      } while (after !== undefined);
      expect(handles).toEqual(sorted(...sessions));
    });

    test('ends a page before its data is too large, but never without a session', async () => {
      const sessions = await Promise.all(Array.from({ length: 4 }, () => create({ subject: ada, content: data(400) })));
      const two = await list(ada, { maxDataBytes: 1000 });
      expect(two.sessions.map(({ handle }) => handle)).toEqual(sorted(...sessions).slice(0, 2));
      expect(two.next).toBe(two.sessions[1]?.handle);
      const one = await list(ada, { maxDataBytes: 1, after: two.next });
      expect(one.sessions.map(({ handle }) => handle)).toEqual([sorted(...sessions)[2]]);
      expect(one.next).toBe(one.sessions[0]?.handle);
    });

    test('is not an access', async () => {
      const session = await create({ subject: ada });
      await fixture.harness.advance(idle - minute);
      await list(ada, { maxDataBytes: 1000 });
      await expect(fixture.store.load(session)).resolves.toMatchObject({ touched: true });
    });

    test('does not list sessions that have ended or lost their subject', async () => {
      const [deleted, moved, unnamed, stays] = await Promise.all([1, 2, 3, 4].map(() => create({ subject: ada })));
      await fixture.store.delete(deleted!);
      await fixture.store.update(moved!, { subject: bob });
      await fixture.store.update(unnamed!, { subject: '' });
      expect(await handlesOf(ada)).toEqual([stays!.handle]);
      expect(await handlesOf(bob)).toEqual([moved!.handle]);
      await fixture.harness.advance(2 * idle);
      expect(await handlesOf(ada)).toEqual([]);
      expect(await handlesOf(bob)).toEqual([]);
    });

    test('lists a session that got its subject, or another label, later', async () => {
      const session = await create({ label: 'phone' });
      await fixture.store.update(session, { subject: ada, mutations: [set('a', '1')] });
      expect((await list(ada)).sessions).toMatchObject([{ handle: session.handle, label: 'phone', version: 2 }]);
      await fixture.store.update(session, { label: 'laptop' });
      expect((await list(ada)).sessions).toMatchObject([{ label: 'laptop' }]);
      await fixture.store.update(session, { label: '' });
      expect((await list(ada)).sessions[0]?.label).toBeUndefined();
      const { secretHash } = newSession();
      await fixture.store.update(session, { secretHash, subject: bob });
      expect((await list(bob)).sessions).toMatchObject([{ secretHash }]);
    });

    test('lists a session for as long as it lives, however it is used', async () => {
      const used = await create({ subject: ada });
      const changed = await create({ subject: ada });
      for (let n = 0; n < 6; n += 1) {
        await fixture.harness.advance(idle / 2);
        await fixture.store.load(used);
        await apply(changed, set('n', String(n)));
        expect(await handlesOf(ada)).toEqual(sorted(used, changed));
      }
    });

    test('lists a session whose idle timeout was raised, and one that never expires', async () => {
      const raised = await create({ subject: ada });
      const unlimited = await create({ subject: ada });
      await fixture.store.update(raised, { idleTimeout: 10 * idle });
      await fixture.store.update(unlimited, { idleTimeout: 'never' });
      const later = await create({ subject: ada, idleTimeout: 10 * idle });
      await fixture.store.update(later, { subject: bob });
      await fixture.harness.advance(9 * idle);
      // Attaching a session removes entries that are over.
      await create({ subject: ada });
      expect((await handlesOf(ada)).filter((handle) => sorted(raised, unlimited).includes(handle))).toHaveLength(2);
      expect(await handlesOf(bob)).toEqual([later.handle]);
    });
  });

  describe('deleteSubject()', () => {
    test('removes the sessions of a subject, and of no other, and says how many', async () => {
      const mine = await Promise.all(Array.from({ length: 130 }, () => create({ subject: ada })));
      const moved = await create({ subject: ada });
      await fixture.store.update(moved, { subject: bob });
      const others = [moved, await create({ subject: bob }), await create()];
      await expect(fixture.store.deleteSubject(ada, {})).resolves.toBe(130);
      expect(await Promise.all(mine.map(exists))).toEqual(mine.map(() => false));
      expect(await Promise.all(others.map(exists))).toEqual([true, true, true]);
      await expect(fixture.store.deleteSubject(ada, {})).resolves.toBe(0);
      expect(await handlesOf(ada)).toEqual([]);
    });

    test('spares one session, but not by another secret than its own', async () => {
      const [spared, other] = [await create({ subject: ada }), await create({ subject: ada })];
      await expect(fixture.store.deleteSubject(ada, { except: spared })).resolves.toBe(1);
      expect(await Promise.all([spared, other].map(exists))).toEqual([true, false]);
      const { secretHash } = newSession();
      await fixture.store.update(spared, { secretHash });
      await expect(fixture.store.deleteSubject(ada, { except: spared })).resolves.toBe(1);
      await expect(fixture.store.load({ ...spared, secretHash })).resolves.toBeUndefined();
    });

    test('removes only the named sessions, if they belong to the subject', async () => {
      const [named, stays] = [await create({ subject: ada }), await create({ subject: ada })];
      const other = await create({ subject: bob });
      const only = new Set(sorted(named, other, newSession()));
      await expect(fixture.store.deleteSubject(ada, { only })).resolves.toBe(1);
      expect(await Promise.all([named, stays, other].map(exists))).toEqual([false, true, true]);
    });

    test('of sessions that are signed in and changed all the while, none that was there survives', async () => {
      const before = await Promise.all(Array.from({ length: 20 }, () => create({ subject: ada })));
      const anonymous = await Promise.all(Array.from({ length: 20 }, () => create()));
      const changes = [...before, ...anonymous].map((session) => fixture.store.update(session, { subject: ada }));
      const creations = Array.from({ length: 20 }, () => create({ subject: ada }));
      await fixture.store.deleteSubject(ada, {});
      await Promise.all([...changes, ...creations]);
      expect(await Promise.all(before.map(exists))).toEqual(before.map(() => false));
      const survivors = [...anonymous, ...(await Promise.all(creations))];
      const alive = (await Promise.all(survivors.map(exists))).filter(Boolean);
      // What is there is listed, and so can be ended.
      expect(await handlesOf(ada)).toHaveLength(alive.length);
      await expect(fixture.store.deleteSubject(ada, {})).resolves.toBe(alive.length);
    });

    test('after its deadline does nothing', async () => {
      const session = await create({ subject: ada });
      const past = performance.now() - 1;
      const notApplied = { reason: 'STORE_UNAVAILABLE', metadata: { maybe_applied: 'false' } };
      await expect(fixture.store.deleteSubject(ada, {}, past)).rejects.toMatchObject(notApplied);
      const page = { after: undefined, size: 1, maxDataBytes: undefined };
      await expect(fixture.store.listSubject(ada, page, past)).rejects.toMatchObject(notApplied);
      expect(await exists(session)).toBe(true);
    });
  });
}
