import { describe, expect, test } from '@jest/globals';
import { etagOf, newGeneration } from '../../../server/src/session/etag';
import type { NewSession } from '../../../server/src/session/session-store';
import { twentyMinutes } from '../../support/store-harness';
import { newSession, set, push, minute } from './fixture';
import type { StoreFixture } from './fixture';

/** What session-store.ts says of naming, creating and deleting sessions. */
export function describeLife(fixture: StoreFixture): void {
  const { create, apply, dataOf } = fixture;

  describe('naming a session', () => {
    test('with a secret hash that does not belong to the handle, the result is that of an unknown session', async () => {
      const session = await create();
      const stranger = { handle: session.handle, secretHash: newSession().secretHash };
      await expect(fixture.store.load(stranger)).resolves.toBeUndefined();
      await expect(fixture.store.update(stranger, { mutations: [set('a', '1')] })).resolves.toEqual({
        status: 'not_found',
      });
      await expect(fixture.store.delete(stranger)).resolves.toBe(false);
      await expect(dataOf(session)).resolves.toEqual({});
    });

    test('an unknown session is a result, not an error', async () => {
      const nobody = newSession();
      await expect(fixture.store.load(nobody)).resolves.toBeUndefined();
      await expect(fixture.store.update(nobody, {})).resolves.toEqual({ status: 'not_found' });
      await expect(fixture.store.delete(nobody)).resolves.toBe(false);
    });
  });

  describe('validate()', () => {
    test.each([0, 100_000])(
      'says of a session of %i bytes what load() does, whatever copy the caller has',
      async (size) => {
        const value = Buffer.alloc(size, 'x');
        const session = await create({ content: { data: new Map([['a', value]]), flash: new Map() } });
        const { generation } = (await fixture.store.load(session))!;
        await apply(session, set('b', '1'));
        const now = (await fixture.store.load(session))!.session;

        const etags = generation === undefined ? [] : [1, now.version, 7].map((held) => etagOf(generation, held));
        for (const held of [...etags, etagOf(newGeneration(), now.version), Buffer.alloc(0), Buffer.alloc(16, 'x')]) {
          const validated = await fixture.store.validate(session, held);
          if (validated === undefined) throw new Error('Expected the session to be there.');
          const isOfNow = generation !== undefined && held.equals(etagOf(generation, now.version));
          if ('session' in validated) expect(validated.session).toEqual(now);
          else
            expect([isOfNow, validated.unchanged.version, validated.generation]).toEqual([
              true,
              now.version,
              generation,
            ]);
        }
      },
    );

    test('where there is no such session, it answers as load() does', async () => {
      const session = await create();
      const { generation } = (await fixture.store.load(session))!;
      const held = etagOf(generation ?? newGeneration(), 1);
      const stranger = { handle: session.handle, secretHash: newSession().secretHash };
      await expect(fixture.store.validate(stranger, held)).resolves.toBeUndefined();
      await fixture.store.delete(session);
      await expect(fixture.store.validate(session, held)).resolves.toBeUndefined();
    });
  });

  describe('create()', () => {
    test('stores a new session at version 1, with everything it was given', async () => {
      const session = newSession({
        content: {
          data: new Map([
            ['user', Buffer.from('{"id":7,"name":"Ada"}')],
            ['naïve key \u{1f36a}', Buffer.from([0, 10, 255, 32, 61])],
            ['__proto__', Buffer.from('1')],
          ]),
          flash: new Map([
            ['', [Buffer.from('"Saved"'), Buffer.from('a\nb')]],
            ['two words', [Buffer.from('1')]],
          ]),
        },
        subject: 'user 7',
        idleTimeout: 5 * minute,
      });
      const state = await fixture.store.create(session);
      const loaded = await fixture.store.load(session);
      expect(loaded?.session).toEqual({
        handle: session.handle,
        csrfToken: session.csrfToken,
        subject: 'user 7',
        idleTimeout: 5 * minute,
        version: 1,
        created: state.created,
        accessed: state.created,
        expires: state.expires,
        ...session.content,
        bytes: 75,
      });
      expect([...(loaded?.session.data.keys() ?? [])]).toEqual([...session.content.data.keys()]);
    });

    test('refuses to overwrite a session', async () => {
      const session = await create({ content: { data: new Map([['a', Buffer.from('1')]]), flash: new Map() } });
      await expect(fixture.store.create({ ...newSession(), handle: session.handle })).rejects.toThrow(/already exists/);
      await expect(dataOf(session)).resolves.toEqual({ a: '1' });
    });

    test('a handle that is reused never has a version twice', async () => {
      const ref = newSession({ reusesHandle: true });
      const first = await fixture.store.create(ref);
      await apply(ref, set('a', '1'));
      const last = await apply(ref, set('a', '2'));
      expect(last.session.version).toBe(first.version + 2);
      await fixture.store.delete(ref);
      const second = await fixture.store.create(ref);
      expect(second.version).toBeGreaterThan(last.session.version);
      await expect(fixture.store.load(ref)).resolves.toMatchObject({ session: { version: second.version } });
    });

    test('a handle whose session has expired can be reused at once', async () => {
      const ref = newSession({ reusesHandle: true });
      await fixture.store.create(ref);
      await fixture.harness.advance(twentyMinutes.idleTimeout! * 2);
      await fixture.store.create({ ...ref, subject: 'the second' });
      await expect(fixture.store.load(ref)).resolves.toMatchObject({ session: { subject: 'the second' } });
      await expect(fixture.store.create(ref)).rejects.toMatchObject({ reason: 'VERSION_MISMATCH' });
    });
  });

  describe('delete()', () => {
    test('removes a session, and says whether it was there', async () => {
      const session = await create();
      await expect(fixture.store.delete(session)).resolves.toBe(true);
      await expect(fixture.store.delete(session)).resolves.toBe(false);
      await expect(fixture.store.load(session)).resolves.toBeUndefined();
    });
  });

  describe('only create() creates sessions', () => {
    const ways: [string, (session: NewSession) => Promise<unknown>][] = [
      ['was deleted', (session) => fixture.store.delete(session)],
      ['has expired', () => fixture.harness.advance(twentyMinutes.idleTimeout! + minute)],
      ['was given another secret', (session) => fixture.store.update(session, { secretHash: newSession().secretHash })],
    ];

    test.each(ways)('no late change restores a session that %s', async (_what, end) => {
      const session = await create();
      await apply(session, set('a', '1'));
      await end(session);
      await expect(fixture.store.load(session)).resolves.toBeUndefined();
      for (const change of [
        { mutations: [set('a', '2')] },
        { mutations: [push('', '1')] },
        { csrfToken: 'new' },
        { secretHash: newSession().secretHash },
        { idleTimeout: 'never' as const },
        {},
      ]) {
        await expect(fixture.store.update(session, change)).resolves.toEqual({ status: 'not_found' });
      }
      await expect(fixture.store.load(session)).resolves.toBeUndefined();
    });
  });
}
