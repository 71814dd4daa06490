import { beforeEach, expect, test } from '@jest/globals';
import type { ISession } from '@session-sidecar/client';
import { codeOf } from '../../support/client';
import { describeClientSession } from './fixture';
import type { Shop } from './fixture';

describeClientSession("save({ onConflict: 'fail' }) of a session", (fixture) => {
  let session: ISession<Shop>;
  const fail = { onConflict: 'fail' } as const;

  beforeEach(() => {
    ({ session } = fixture);
  });
  const { next, stored } = fixture;

  /** Another request changes the session. */
  const change = async (note: string): Promise<void> => {
    const other = await next();
    other.set('note', note);
    await other.save();
  };

  test('is applied if no other request has changed the session, also again and again', async () => {
    const found = await next();
    for (const visits of [2, 3, 4]) {
      found.set('visits', visits);
      await found.save(fail);
    }
    expect((await stored()).visits).toBe(4);
  });

  test('stores nothing if another request has changed any key, until the session is loaded again', async () => {
    const found = await next();
    await change('from elsewhere');
    found.set('visits', 2);
    expect(await codeOf(found.save(fail))).toBe('VERSION_MISMATCH');
    expect(await stored()).toMatchObject({ visits: 1, note: 'from elsewhere' });
    expect(found.hasChanges).toBe(true);
    await found.reload();
    found.set('visits', found.get('visits')! + 1);
    await found.save(fail);
    expect(await stored()).toMatchObject({ visits: 2, note: 'from elsewhere' });
  });

  test('is the opposite of the default', async () => {
    const found = await next();
    await change('from elsewhere');
    found.set('visits', 2);
    await found.save({ onConflict: 'merge' });
    expect(await stored()).toMatchObject({ visits: 2, note: 'from elsewhere' });
  });

  test('still notices a change that a merging save has met: its values were never loaded', async () => {
    const found = await next();
    await change('from elsewhere');
    found.set('visits', 2);
    await found.save();
    found.set('visits', 3);
    expect(await codeOf(found.save(fail))).toBe('VERSION_MISMATCH');
  });

  test('still notices a change that a save without effect has met', async () => {
    const found = await next();
    found.setDefault('note', 'mine');
    await change('from elsewhere');
    await found.save();
    expect(found.get('note')).toBe('from elsewhere');
    found.set('visits', 3);
    expect(await codeOf(found.save(fail))).toBe('VERSION_MISMATCH');
  });

  test.each<[string, (found: ISession<Shop>) => Promise<unknown>]>([
    ['save()', (found) => (found.set('note', 'mine'), found.save())],
    ['popFlash()', (found) => found.popFlash()],
    ['popFlash() and save()', (found) => (found.set('note', 'mine'), Promise.all([found.popFlash(), found.save()]))],
    ['newCsrfToken()', (found) => found.newCsrfToken()],
    ['transform()', (found) => found.transform('visits', () => 5)],
    ['setIdleTimeout()', (found) => (found.setIdleTimeout('never'), found.save())],
    ['regenerate()', (found) => (found.setIdleTimeout('never'), found.regenerate())],
  ])('is no conflict with its own %s', async (_what, act) => {
    session.flash('hello');
    await session.save();
    const found = await next();
    await act(found);
    found.set('visits', 9);
    await found.save(fail);
    const opened = await fixture.client.open(found.token);
    expect([opened.get('visits'), opened.version]).toEqual([9, found.version]);
  });

  test('creates a session, and is no conflict after that', async () => {
    const created = fixture.client.create();
    created.set('visits', 1);
    await created.save(fail);
    created.set('visits', 2);
    await created.save(fail);
    expect((await fixture.client.open(created.token)).get('visits')).toBe(2);
  });

  test('with anything else as the option is a TypeError, and calls nothing', async () => {
    session.set('visits', 2);
    const calls = await fixture.callsOf(async () => {
      await expect(session.save({ onConflict: 'retry' as never })).rejects.toThrow(TypeError);
    });
    expect(calls).toEqual({});
  });
});
