import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { NewSession } from '../../../server/src/session/session-store';
import type { SessionUpdate } from '../../../server/src/session/session-update';
import type { SubjectLimitAction } from '../../../server/src/session/subject-limit';
import { generousLimits, twentyMinutes } from '../../support/store-harness';
import { minute, newSession, set } from './fixture';
import type { StoreFixture } from './fixture';

const idle = twentyMinutes.idleTimeout!;

/** What session-store.ts says of a limit of the sessions of a subject. */
export function describeSubjectLimit(fixture: StoreFixture): void {
  const { create } = fixture;
  let ada: string;

  const startWith = (maxSessions: number, action: SubjectLimitAction): Promise<void> =>
    fixture.startWith(twentyMinutes, generousLimits, { maxSessions, action });
  const handlesOf = async (subject: string): Promise<string[]> => {
    const page = await fixture.store.listSubject(subject, { after: undefined, size: 100, maxDataBytes: undefined });
    return page.sessions.map(({ handle }) => handle);
  };
  const sorted = (...sessions: NewSession[]): string[] => sessions.map(({ handle }) => handle).sort();
  const exists = async (session: NewSession): Promise<boolean> => (await fixture.store.load(session)) !== undefined;
  const statusOf = async (session: NewSession, update: SessionUpdate): Promise<string> =>
    (await fixture.store.update(session, update)).status;
  const refused = (limit: number) => ({
    reason: 'TOO_MANY_SESSIONS',
    metadata: { limit: String(limit), setting: 'SESSION_SIDECAR_MAX_SESSIONS_PER_SUBJECT' },
  });

  beforeEach(() => {
    ada = `ada-${randomUUID()}`;
  });

  describe('a limit of sessions per subject that refuses', () => {
    beforeEach(() => startWith(2, 'refuse'));

    test('refuses a new session that is one too many, and stores nothing', async () => {
      const [one, other] = [await create({ subject: ada }), await create({ subject: ada })];
      const third = newSession({ subject: ada });
      await expect(fixture.store.create(third)).rejects.toMatchObject(refused(2));
      expect(await exists(third)).toBe(false);
      expect(await handlesOf(ada)).toEqual(sorted(one, other));
      await create({ subject: `not ${ada}` });
      await create();
      expect(fixture.harness.limitReports).toEqual(['refused']);
    });

    test('refuses a login of a session that is there, and changes nothing', async () => {
      await create({ subject: ada });
      await create({ subject: ada });
      const visitor = await create({ subject: 'guest', label: 'phone' });
      const { secretHash } = newSession();
      const logins: SessionUpdate[] = [
        { subject: ada, label: 'laptop', mutations: [set('a', '1')] },
        { subject: ada, secretHash, csrfToken: 'new' },
        { subject: ada, idleTimeout: 'never' },
      ];
      for (const login of logins) {
        await expect(fixture.store.update(visitor, login)).rejects.toMatchObject(refused(2));
      }
      const { session } = (await fixture.store.load(visitor))!;
      expect(session).toMatchObject({ subject: 'guest', label: 'phone', version: 1, idleTimeout: idle });
      expect(session.data.size).toBe(0);
      expect(await handlesOf(ada)).toHaveLength(2);
    });

    test('counts a session once, however often it gets the same subject', async () => {
      const [one, other] = [await create({ subject: ada }), await create({ subject: ada })];
      const { secretHash } = newSession();
      expect(await statusOf(one, { subject: ada })).toBe('updated');
      expect(await statusOf(one, { subject: ada, idleTimeout: 2 * idle })).toBe('updated');
      expect(await statusOf(one, { idleTimeout: 3 * idle })).toBe('updated');
      expect(await statusOf(one, { subject: ada, secretHash })).toBe('updated');
      expect(await handlesOf(ada)).toEqual(sorted(one, other));
      expect(fixture.harness.limitReports).toEqual([]);
    });

    test('does not count sessions that have ended, expired, or have another subject now', async () => {
      const ways: ((session: NewSession) => Promise<unknown>)[] = [
        (session) => fixture.store.delete(session),
        (session) => fixture.store.update(session, { subject: '' }),
        (session) => fixture.store.update(session, { subject: `not ${ada}` }),
        (session) => fixture.store.deleteSubject(ada, { only: new Set([session.handle]) }),
      ];
      const stays = await create({ subject: ada, idleTimeout: 10 * idle });
      for (const leave of ways) {
        const leaves = await create({ subject: ada });
        await expect(fixture.store.create(newSession({ subject: ada }))).rejects.toMatchObject(refused(2));
        await leave(leaves);
      }
      await create({ subject: ada });
      await fixture.harness.advance(2 * idle);
      const last = await create({ subject: ada });
      expect(await handlesOf(ada)).toEqual(sorted(stays, last));
    });

    test('refuses a session that has left the subject and comes back', async () => {
      const moves = await create({ subject: ada });
      await create({ subject: ada });
      await fixture.store.update(moves, { subject: '' });
      await create({ subject: ada });
      await expect(fixture.store.update(moves, { subject: ada })).rejects.toMatchObject(refused(2));
      expect(await handlesOf(ada)).toHaveLength(2);
    });

    test('lets what fails for another reason say so', async () => {
      await create({ subject: ada });
      await create({ subject: ada });
      const visitor = await create();
      expect(await statusOf(newSession(), { subject: ada })).toBe('not_found');
      expect(await statusOf(visitor, { subject: ada, ifVersion: 7 })).toBe('version_mismatch');
      expect(await statusOf(visitor, { subject: ada, fence: 1 })).toBe('lease_lost');
    });

    test('of many logins at once, lets in as many as there is room for', async () => {
      await create({ subject: ada });
      await fixture.store.delete(await create({ subject: ada }));
      const visitors = await Promise.all(Array.from({ length: 8 }, () => create()));
      const logins = await Promise.allSettled([
        ...visitors.slice(0, 4).map((visitor) => fixture.store.update(visitor, { subject: ada })),
        ...visitors.slice(4).map(() => fixture.store.create(newSession({ subject: ada }))),
      ]);
      const failures = logins.flatMap((login) => (login.status === 'rejected' ? [login.reason as unknown] : []));
      for (const failure of failures) expect(failure).toMatchObject(refused(2));
      expect(failures).toHaveLength(7);
      expect(await handlesOf(ada)).toHaveLength(2);
    });
  });

  describe('a limit of sessions per subject that ends the oldest', () => {
    beforeEach(() => startWith(2, 'end-oldest'));

    test('ends the session that was not used for longest, not the one created first', async () => {
      const used = await create({ subject: ada });
      await fixture.harness.advance(2 * minute);
      const unused = await create({ subject: ada });
      await fixture.harness.advance(2 * minute);
      await fixture.store.load(used);
      const next = await create({ subject: ada });
      expect(await handlesOf(ada)).toEqual(sorted(used, next));
      expect(await exists(unused)).toBe(false);
      expect(fixture.harness.limitReports).toEqual(['ended']);
    });

    test('ends it for good, also for those who were about to change it', async () => {
      const oldest = await create({ subject: ada });
      await fixture.harness.advance(2 * minute);
      await create({ subject: ada });
      const visitor = await create();
      const { secretHash } = newSession();
      expect(await statusOf(visitor, { subject: ada, secretHash, mutations: [set('a', '1')] })).toBe('updated');
      expect(await statusOf(oldest, { mutations: [set('a', '1')] })).toBe('not_found');
      expect(await statusOf(oldest, { subject: ada, idleTimeout: 'never' })).toBe('not_found');
      expect(await exists(oldest)).toBe(false);
      expect(await handlesOf(ada)).toHaveLength(2);
    });

    test('ends none for a session that has the subject, nor for a login that fails', async () => {
      const [one, other] = [await create({ subject: ada }), await create({ subject: ada })];
      const visitor = await create();
      expect(await statusOf(one, { subject: ada, idleTimeout: 2 * idle })).toBe('updated');
      expect(await statusOf(newSession(), { subject: ada })).toBe('not_found');
      expect(await statusOf(visitor, { subject: ada, ifVersion: 7 })).toBe('version_mismatch');
      expect(await statusOf(visitor, { subject: ada, mutations: [set('large', 'x'.repeat(300_000))] })).toBe('refused');
      expect(await handlesOf(ada)).toEqual(sorted(one, other));
      expect(fixture.harness.limitReports).toEqual([]);
    });

    test('of many logins at once, lets in all, and leaves as many as there is room for', async () => {
      const [one, other] = [await create({ subject: ada }), await create({ subject: ada })];
      await fixture.harness.advance(2 * minute);
      const visitors = await Promise.all(Array.from({ length: 6 }, () => create()));
      const logins = visitors.map((visitor) => statusOf(visitor, { subject: ada }));
      expect(new Set(await Promise.all(logins))).toEqual(new Set(['updated']));
      expect(await handlesOf(ada)).toHaveLength(2);
      expect([await exists(one), await exists(other)]).toEqual([false, false]);
      const alive = await Promise.all(visitors.map(exists));
      expect(alive.filter(Boolean)).toHaveLength(2);
      expect(fixture.harness.limitReports).toHaveLength(6);
    });
  });
}
