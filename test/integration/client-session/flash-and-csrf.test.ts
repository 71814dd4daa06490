import type { ISession } from '@session-sidecar/client';
import type { SessionClient } from '@session-sidecar/client';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { describeClientSession } from './fixture';
import type { Shop } from './fixture';

describeClientSession('flash messages and the CSRF token of a session', (fixture) => {
  let client: SessionClient<Shop>;
  let session: ISession<Shop>;

  beforeEach(() => {
    ({ client, session } = fixture);
  });
  const { next, callsOf } = fixture;

  describe('its flash messages', () => {
    test('come out in order, separately by queue, with duplicates unless these are excluded', async () => {
      session.flash('a');
      session.flash('a');
      session.flash('b');
      session.flash('a', { allowDuplicate: false });
      session.flash({ text: 'no', code: [1] }, { queue: 'errors' });
      session.flash({ text: 'no', code: [1] }, { queue: 'errors', allowDuplicate: false });
      await session.save();
      const found = await next();
      expect(await found.peekFlash()).toEqual(['a', 'a', 'b']);
      expect(await found.popFlash()).toEqual(['a', 'a', 'b']);
      expect([await found.peekFlash(), await found.popFlash(), await found.popFlash('nothing')]).toEqual([[], [], []]);
      expect(await found.popFlash('errors')).toEqual([{ text: 'no', code: [1] }]);
    });

    test('that are not saved yet are peeked at and popped together with stored ones', async () => {
      session.flash('stored');
      await session.save();
      const found = await next();
      found.flash('unsaved');
      found.flash('stored', { allowDuplicate: false });
      expect(await found.peekFlash()).toEqual(['stored', 'unsaved']);
      expect(await found.popFlash()).toEqual(['stored', 'unsaved']);
      expect(found.hasChanges).toBe(false);
      await found.save();
      expect(await (await next()).peekFlash()).toEqual([]);
    });

    test('cost a call only when some were waiting', async () => {
      const found = await next();
      expect(await callsOf(async () => [await found.peekFlash(), await found.popFlash('errors')])).toEqual({});
      found.flash('one');
      await found.save();
      const again = await next();
      expect(await callsOf(async () => [await again.popFlash(), await again.popFlash()])).toEqual({ PopFlash: 1 });
    });

    test('that were saved by this object can be popped by it', async () => {
      session.flash('one');
      await session.save();
      expect(await session.popFlash()).toEqual(['one']);
    });
  });

  describe('its CSRF token', () => {
    test('is there from the start, stays, and is checked without a call', async () => {
      const csrfToken = await session.csrfToken();
      const found = await next();
      const calls = await callsOf(async () => {
        expect([await found.csrfToken(), await found.csrfToken()]).toEqual([csrfToken, csrfToken]);
        expect(['', 'x', `${csrfToken}x`, undefined].map((token) => found.checkCsrfToken(token))).toEqual([
          false,
          false,
          false,
          false,
        ]);
        expect(found.checkCsrfToken(csrfToken)).toBe(true);
      });
      expect([calls, csrfToken.length]).toEqual([{}, 22]);
    });

    test('is replaced by newCsrfToken(), and the old one is refused from now on', async () => {
      const old = await session.csrfToken();
      const fresh = await session.newCsrfToken();
      expect([session.checkCsrfToken(old), session.checkCsrfToken(fresh), await session.csrfToken()]).toEqual([
        false,
        true,
        fresh,
      ]);
      const found = await next();
      expect([found.checkCsrfToken(old), found.checkCsrfToken(fresh)]).toEqual([false, true]);
    });

    test('of a new session stores it', async () => {
      const fresh = client.create();
      const csrfToken = await fresh.csrfToken();
      expect(fresh).toMatchObject({ state: 'stored', isNew: true });
      expect((await client.open(fresh.token)).checkCsrfToken(csrfToken)).toBe(true);
    });
  });
});
