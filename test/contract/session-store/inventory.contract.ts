import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { RevocationConditions } from '../../../server/src/session/admin/session-inventory';
import type { NewSession } from '../../../server/src/session/session-store';
import { twentyMinutes } from '../../support/store-harness';
import { minute, newSession, set } from './fixture';
import type { StoreFixture } from './fixture';

const idle = twentyMinutes.idleTimeout!;
const all: RevocationConditions = {
  createdBefore: undefined,
  notAccessedSince: undefined,
  signingKey: undefined,
  includeUnknownKeys: false,
};

/** What session-inventory.ts says. */
export function describeInventory(fixture: StoreFixture): void {
  const { create } = fixture;
  const content = (...keys: string[]) => ({
    data: new Map(keys.map((key) => [key, Buffer.from('1')])),
    flash: new Map(),
  });
  const exists = async (session: NewSession): Promise<boolean> => (await fixture.store.load(session)) !== undefined;
  const revoke = ({ handle }: NewSession, conditions: Partial<RevocationConditions>, isDryRun = false) =>
    fixture.inventory.revoke(handle, { ...all, ...conditions }, { isDryRun });
  const inspect = ({ handle }: NewSession, withData = false) => fixture.inventory.inspect(handle, withData);
  const createdAt = async (session: NewSession): Promise<number> =>
    (await fixture.store.load(session))!.session.created;

  async function scanned(): Promise<string[]> {
    const handles: string[] = [];
    for await (const step of fixture.inventory.scan()) {
      expect(step.progress).toBeGreaterThanOrEqual(0);
      expect(step.progress).toBeLessThanOrEqual(1);
      handles.push(...step.handles);
    }
    return handles;
  }

  describe('scan() and estimate()', () => {
    test('find every session once, and nothing else', async () => {
      const created = await Promise.all(
        Array.from({ length: 1100 }, (_, n) => create({ subject: n % 100 === 0 ? `user-${randomUUID()}` : undefined })),
      );
      const [ended, ...left] = created;
      await fixture.store.delete(ended!);
      const handles = await scanned();
      const times = new Map<string, number>();
      for (const handle of handles) times.set(handle, (times.get(handle) ?? 0) + 1);
      expect(left.map(({ handle }) => times.get(handle))).toEqual(left.map(() => 1));
      expect(times.get(ended!.handle)).toBeUndefined();
      const { count, low, high } = await fixture.inventory.estimate();
      expect(low).toBeLessThanOrEqual(count);
      expect(high).toBeGreaterThanOrEqual(count);
      // Far more than chance explains. Without TTLs, sessions that have expired are included.
      expect(count).toBeGreaterThan(0.75 * handles.length);
    });

    test('leave out sessions that have expired', async () => {
      const [expired, stays] = [await create(), await create({ idleTimeout: 10 * idle })];
      await fixture.harness.advance(2 * idle);
      const handles = await scanned();
      expect(handles).toContain(stays.handle);
      expect(handles).not.toContain(expired.handle);
    });
  });

  describe('inspect()', () => {
    test('returns what is stored, with the data only if asked', async () => {
      const session = await create({ subject: 'ada', label: 'phone', signingKey: 'abcd-_12', content: content('a') });
      const { created, accessed, expires, version, idleTimeout } = (await fixture.store.load(session))!.session;
      const { handle, secretHash } = session;
      const metadata = { created, accessed, expires, version, idleTimeout };
      const inspected = { handle, secretHash, subject: 'ada', label: 'phone', signingKey: 'abcd-_12', ...metadata };
      expect(await inspect(session)).toEqual({ ...inspected, data: new Map() });
      expect(await inspect(session, true)).toEqual({ ...inspected, data: content('a').data });
      expect(await inspect(await create())).toMatchObject({
        subject: undefined,
        label: undefined,
        signingKey: undefined,
      });
    });

    test('is not an access, and finds nothing that has ended', async () => {
      const session = await create();
      await fixture.harness.advance(idle - minute);
      await inspect(session, true);
      await expect(fixture.store.load(session)).resolves.toMatchObject({ touched: true });
      await fixture.store.delete(session);
      expect(await inspect(session)).toBe('not_found');
      expect(await inspect(newSession())).toBe('not_found');
      const expired = await create();
      await fixture.harness.advance(2 * idle);
      expect(await inspect(expired)).toBe('not_found');
    });
  });

  describe('revoke()', () => {
    test('ends a session for good, whatever comes late', async () => {
      const session = await create({ subject: 'eve', content: content('a') });
      expect(await revoke(session, {})).toBe('selected');
      expect(await exists(session)).toBe(false);
      await expect(fixture.store.update(session, { mutations: [set('a', '2')] })).resolves.toEqual({
        status: 'not_found',
      });
      expect(await revoke(session, {})).toBe('not_found');
      const page = await fixture.store.listSubject('eve', { after: undefined, size: 10, maxDataBytes: undefined });
      expect(page.sessions.map(({ handle }) => handle)).not.toContain(session.handle);
    });

    test('ends none in a dry run', async () => {
      const session = await create();
      expect(await revoke(session, {}, true)).toBe('selected');
      expect(await exists(session)).toBe(true);
    });

    test('selects by the time of creation, to the millisecond', async () => {
      const session = await create();
      const created = await createdAt(session);
      expect(await revoke(session, { createdBefore: created })).toBe('kept');
      expect(await exists(session)).toBe(true);
      expect(await revoke(session, { createdBefore: created + 1 })).toBe('selected');
      expect(await exists(session)).toBe(false);
    });

    test('selects by the last use, and spares a session whose use may not have been recorded', async () => {
      const session = await create();
      const { accessed } = (await fixture.store.load(session))!.session;
      // The touch interval of an idle timeout of 20 minutes.
      expect(await revoke(session, { notAccessedSince: accessed + minute - 1 })).toBe('kept');
      expect(await revoke(session, { notAccessedSince: accessed + minute })).toBe('selected');
    });

    test('selects by the key that signed the present token', async () => {
      const [old, recent, unknown] = [
        await create({ signingKey: 'old-key_' }),
        await create({ signingKey: 'new-key_' }),
        await create(),
      ];
      const conditions = { signingKey: 'old-key_' };
      expect(await revoke(recent, conditions)).toBe('kept');
      expect(await revoke(unknown, conditions)).toBe('unknown_key');
      expect(await revoke(recent, { ...conditions, includeUnknownKeys: true })).toBe('kept');
      expect(await revoke(unknown, { ...conditions, includeUnknownKeys: true })).toBe('selected');

      const regenerated = { ...old, secretHash: newSession().secretHash };
      await fixture.store.update(old, { secretHash: regenerated.secretHash, signingKey: 'new-key_' });
      expect(await revoke(regenerated, conditions)).toBe('kept');
      await fixture.store.update(recent, { secretHash: newSession().secretHash, signingKey: '' });
      expect(await revoke(recent, conditions)).toBe('unknown_key');
      expect(await revoke(regenerated, { signingKey: 'new-key_' })).toBe('selected');
    });

    test('needs all conditions', async () => {
      const session = await create({ signingKey: 'old-key_' });
      const created = await createdAt(session);
      const conditions = { signingKey: 'old-key_', createdBefore: created + 1, notAccessedSince: created + minute };
      expect(await revoke(session, { ...conditions, createdBefore: created })).toBe('kept');
      expect(await revoke(session, { ...conditions, notAccessedSince: created })).toBe('kept');
      expect(await revoke(session, { ...conditions, signingKey: 'new-key_' })).toBe('kept');
      expect(await revoke(session, conditions)).toBe('selected');
    });
  });
}
