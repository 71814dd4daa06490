import type { ISession } from '@session-sidecar/client';
import type { SessionClient } from '@session-sidecar/client';
import { beforeEach, expect, test } from '@jest/globals';
import { describeClientSession } from './fixture';
import type { Shop } from './fixture';

describeClientSession('transform() of a session', (fixture) => {
  let client: SessionClient<Shop>;
  let session: ISession<Shop>;

  beforeEach(() => {
    ({ client, session } = fixture);
  });
  const { next, stored } = fixture;

  test('loses no concurrent change of the same value', async () => {
    const sessions = await Promise.all(Array.from({ length: 12 }, next));
    const carts = await Promise.all(
      sessions.map((each, index) =>
        each.transform('cart', (cart = []) => [...cart, String(index)], { timeoutMs: 60_000 }),
      ),
    );
    expect(carts.map((cart) => cart.length).sort((a, b) => a - b)).toEqual(sessions.map((_, index) => index + 2));
    expect([...(await stored()).cart!].sort()).toEqual(['tea', ...sessions.map((_, index) => String(index))].sort());
  });

  test('is stored at once, independently of unsaved changes', async () => {
    const found = await next();
    found.set('note', 'unsaved');
    expect(await found.transform('visits', (visits = 0) => visits + 1)).toBe(2);
    expect(await stored()).toEqual({ user: { id: 7, name: 'Ada' }, cart: ['tea'], visits: 2 });
    expect([found.get('visits'), found.get('note'), found.hasChanges]).toEqual([2, 'unsaved', true]);
  });

  test('of a key with unsaved changes applies to these, and saves everything', async () => {
    const found = await next();
    found.set('visits', 10);
    found.set('note', 'unsaved');
    expect(await found.transform('visits', (visits = 0) => visits + 1)).toBe(11);
    expect(await stored()).toMatchObject({ visits: 11, note: 'unsaved' });
    expect(found.hasChanges).toBe(false);
  });

  test('sees the current value, not the one that was loaded', async () => {
    const found = await next();
    session.set('visits', 41);
    await session.save();
    expect(await found.transform('visits', (visits = 0) => visits + 1)).toBe(42);
  });

  test('costs one call if nothing has changed since the session was loaded', async () => {
    const found = await next();
    const increment = () => found.transform('visits', (visits = 0) => visits + 1);
    expect(await fixture.callsOf(increment)).toEqual({ UpdateSession: 1 });
    expect(await fixture.callsOf(increment)).toEqual({ UpdateSession: 1 });
    session.set('note', 'another change');
    await session.save();
    expect(await fixture.callsOf(increment)).toEqual({ GetSession: 1, UpdateSession: 2 });
    expect((await stored()).visits).toBe(4);
  });

  test('is not based on what was loaded if other keys were saved since', async () => {
    const found = await next();
    session.set('visits', 41);
    await session.save();
    found.set('note', 'saved');
    await found.save();
    expect(await found.transform('visits', (visits = 0) => visits + 1)).toBe(42);
  });

  test('that throws on what was loaded, but not on what is stored, is stored', async () => {
    const found = await next();
    session.set('visits', 5);
    await session.save();
    const spend = (visits = 0) => {
      if (visits < 5) throw new Error('not enough');
      return visits - 5;
    };
    expect(await found.transform('visits', spend)).toBe(0);
    await expect(found.transform('visits', spend)).rejects.toThrow('not enough');
  });

  test('that throws, or returns nothing, changes nothing', async () => {
    const boom = new Error('boom');
    const failing = session.transform('visits', () => {
      throw boom;
    });
    await expect(failing).rejects.toBe(boom);
    await expect(session.transform('visits', () => undefined as never)).rejects.toThrow(TypeError);
    expect([(await stored()).visits, (await next()).version]).toEqual([1, 1]);
  });

  test('of a new session is a set', async () => {
    const fresh = client.create();
    expect(await fresh.transform('visits', (visits = 0) => visits + 1)).toBe(1);
    await fresh.save();
    expect((await client.open(fresh.token)).toObject()).toEqual({ visits: 1 });
  });
});
