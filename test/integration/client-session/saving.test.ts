import type { ISession } from '@session-sidecar/client';
import type { SessionClient } from '@session-sidecar/client';
import { beforeEach, expect, test } from '@jest/globals';
import { SessionError } from '@session-sidecar/client';
import { describeClientSession } from './fixture';
import type { Shop } from './fixture';

describeClientSession('saving a session', (fixture) => {
  let client: SessionClient<Shop>;
  let session: ISession<Shop>;

  beforeEach(() => {
    ({ client, session } = fixture);
  });
  const { next, stored, callsOf } = fixture;

  test('sends nothing when nothing changed, also after reading', async () => {
    const found = await next();
    const calls = await callsOf(async () => {
      found.toObject();
      found.get('cart');
      await found.save();
    });
    expect(calls).toEqual({});
    expect((await next()).version).toBe(1);
  });

  test('detects changes inside values, however deep, and none that were undone', async () => {
    session.set('nested', { list: [{ deep: [1] }] });
    await session.save();
    const found = await next();
    found.get('nested')!.list[0]!.deep.push(2);
    found.get('user')!.name = 'Bob';
    found.get('user')!.name = 'Ada';
    found.get('cart')!.push('milk');
    found.get('cart')!.pop();
    await found.save();
    expect((await stored()).nested).toEqual({ list: [{ deep: [1, 2] }] });
    found.get('cart')!.push('milk');
    found.get('cart')!.pop();
    expect(found.hasChanges).toBe(false);
  });

  test('sends only what changed, so changes of two requests are both kept', async () => {
    const [one, other] = [await next(), await next()];
    one.get('cart')!.push('milk');
    one.get('user');
    other.get('user')!.roles = ['admin'];
    other.get('cart');
    await Promise.all([one.save(), other.save()]);
    expect(await stored()).toEqual({
      user: { id: 7, name: 'Ada', roles: ['admin'] },
      cart: ['tea', 'milk'],
      visits: 1,
    });
  });

  test('is one call and one version, however much changed', async () => {
    const found = await next();
    const calls = await callsOf(async () => {
      found.update({ visits: 2, note: 'x' });
      found.delete('cart');
      found.get('user')!.name = 'Bob';
      found.flash('one');
      found.flash('two', { queue: 'errors' });
      found.setSubject('bob');
      found.setIdleTimeout(60_000);
      await found.save();
    });
    expect(calls).toEqual({ UpdateSession: 1 });
    expect([found.version, (await next()).version]).toEqual([2, 2]);
  });

  test('overwrites what others wrote to the same key only if it changed it', async () => {
    const [one, other] = [await next(), await next()];
    one.set('visits', 5);
    other.set('visits', 6);
    other.set('note', 'x');
    await one.save();
    await other.save();
    expect(await stored()).toMatchObject({ visits: 6, note: 'x' });
  });

  test('after changed() sends a value that looks the same', async () => {
    const [one, other] = [await next(), await next()];
    other.set('visits', 2);
    other.set('cart', []);
    await other.save();
    one.changed('visits');
    expect(one.hasChanges).toBe(true);
    await one.save();
    expect(await stored()).toMatchObject({ visits: 1, cart: [] });
    one.changed();
    await one.save();
    expect(await stored()).toMatchObject({ visits: 1, cart: ['tea'] });
  });

  test('leaves what is written during a save to the next one', async () => {
    const found = await next();
    found.set('visits', 2);
    const saving = found.save();
    await Promise.resolve();
    found.set('visits', 3);
    found.flash('late');
    await saving;
    await found.save();
    expect(found.hasChanges).toBe(false);
    expect(await stored()).toMatchObject({ visits: 3 });
    expect(await (await next()).peekFlash()).toEqual(['late']);
  });

  test('calls of one object run in the order in which they were made', async () => {
    const found = await next();
    found.set('visits', 2);
    await Promise.all([
      found.save(),
      found.regenerate(),
      found.newCsrfToken(),
      found.transform('visits', (n = 0) => n + 1),
    ]);
    expect([found.version, found.get('visits')]).toEqual([5, 3]);
    expect((await client.open(found.token)).toObject()).toMatchObject({ visits: 3 });
  });

  test('rejects with SESSION_NOT_FOUND when the session was ended elsewhere, and keeps the changes', async () => {
    const found = await next();
    await session.invalidate();
    found.set('note', 'kept');
    found.flash('kept');
    const error = await found.save().catch((caught: unknown) => caught);
    expect(SessionError.is(error) && [error.code, error.status]).toEqual(['SESSION_NOT_FOUND', 409]);
    expect(found).toMatchObject({ hasChanges: true, state: 'stored' });
    expect(found.get('note')).toBe('kept');
    expect(await found.peekFlash()).toEqual(['kept']);
  });
});
