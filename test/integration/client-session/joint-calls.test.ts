import type { ISession } from '@session-sidecar/client';
import { beforeEach, expect, test } from '@jest/globals';
import { describeClientSession } from './fixture';
import type { Shop } from './fixture';

describeClientSession('calls of a session that are made together', (fixture) => {
  let found: ISession<Shop>;
  const { next, stored, callsOf } = fixture;

  beforeEach(async () => {
    fixture.session.flash('one');
    fixture.session.flash('two');
    fixture.session.flash('oops', { queue: 'errors' });
    await fixture.session.save();
    found = await next();
  });

  test('are one call: several pops, and saves', async () => {
    found.set('visits', 2);
    const calls = await callsOf(async () => {
      const results = await Promise.all([found.popFlash(), found.save(), found.popFlash('errors'), found.save()]);
      expect(results).toEqual([['one', 'two'], undefined, ['oops'], undefined]);
    });
    expect(calls).toEqual({ UpdateSession: 1 });
    expect(found).toMatchObject({ hasChanges: false, version: 3 });
    const after = await next();
    expect([after.version, after.get('visits')]).toEqual([3, 2]);
    expect(await Promise.all([after.popFlash(), after.popFlash('errors')])).toEqual([[], []]);
  });

  test('are no call where there is nothing to do', async () => {
    const calls = await callsOf(async () => {
      expect(await Promise.all([found.save(), found.popFlash('nothing')])).toEqual([undefined, []]);
    });
    expect(calls).toEqual({});
  });

  test('are one call each where the application waits in between, or gives options', async () => {
    const waiting = await callsOf(async () => {
      found.set('visits', 2);
      await found.popFlash();
      await found.save();
    });
    expect(waiting).toEqual({ PopFlash: 1, UpdateSession: 1 });
    const withOptions = await callsOf(async () => {
      found.set('visits', 3);
      await Promise.all([found.popFlash('errors', { timeoutMs: 20_000 }), found.save({ timeoutMs: 20_000 })]);
    });
    expect(withOptions).toEqual({ PopFlash: 1, UpdateSession: 1 });
  });

  test('keep their order with calls that cannot join them', async () => {
    found.set('visits', 2);
    const old = found.token;
    const calls = await callsOf(async () => {
      const together = [found.save(), found.popFlash(), found.regenerate(), found.popFlash('errors')];
      expect(await Promise.all(together)).toEqual([undefined, ['one', 'two'], undefined, ['oops']]);
    });
    expect(calls).toEqual({ UpdateSession: 1, RegenerateSession: 1, PopFlash: 1 });
    expect(found.token).not.toBe(old);
    expect((await fixture.client.open(found.token)).version).toBe(5);
  });

  test('give each message to one of two requests that pop at the same time', async () => {
    const other = await next();
    other.set('note', 'x');
    found.set('visits', 2);
    const [mine, , theirs] = await Promise.all([found.popFlash(), found.save(), other.popFlash(), other.save()]);
    expect([...mine, ...theirs].sort()).toEqual(['one', 'two']);
    expect([mine.length, theirs.length].sort()).toEqual([0, 2]);
    expect(await stored()).toMatchObject({ visits: 2, note: 'x' });
  });

  test('pop unsaved messages too, without sending them', async () => {
    found.flash('unsaved');
    found.flash('for later', { queue: 'later' });
    const calls = await callsOf(async () => {
      expect((await Promise.all([found.popFlash(), found.save()]))[0]).toEqual(['one', 'two', 'unsaved']);
    });
    expect([calls, found.hasChanges]).toEqual([{ UpdateSession: 1 }, false]);
    const after = await next();
    expect([await after.popFlash(), await after.popFlash('later')]).toEqual([[], ['for later']]);
  });

  test('that pop one queue twice give its messages once', async () => {
    expect(await Promise.all([found.popFlash(), found.save(), found.popFlash()])).toEqual([
      ['one', 'two'],
      undefined,
      [],
    ]);
  });

  test('fail separately: a save that is refused takes no message with it, and every save is told', async () => {
    found.setSubject('bad\nsubject');
    const [popped, errors, ...saved] = await Promise.allSettled([
      found.popFlash(),
      found.popFlash('errors'),
      found.save(),
      found.save(),
    ]);
    expect([popped, errors]).toEqual([
      { status: 'fulfilled', value: ['one', 'two'] },
      { status: 'fulfilled', value: ['oops'] },
    ]);
    for (const outcome of saved) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'INVALID_ARGUMENT' } });
    }
    expect([found.hasChanges, await (await next()).popFlash()]).toEqual([true, []]);
  });

  test('fail together when the session has ended, and keep what was not stored', async () => {
    await fixture.session.invalidate();
    found.set('visits', 2);
    found.flash('kept', { queue: 'kept' });
    const outcomes = await Promise.allSettled([found.popFlash(), found.save()]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'SESSION_NOT_FOUND' } });
    }
    expect([found.hasChanges, await found.peekFlash('kept')]).toEqual([true, ['kept']]);
  });

  test('store a new session once', async () => {
    const fresh = fixture.client.create();
    fresh.set('visits', 1);
    fresh.flash('hello');
    const calls = await callsOf(async () => {
      const [csrfToken, , messages] = await Promise.all([
        fresh.csrfToken(),
        fresh.save(),
        fresh.popFlash('errors'),
        fresh.save(),
      ]);
      expect([fresh.checkCsrfToken(csrfToken), messages]).toEqual([true, []]);
    });
    expect(calls).toEqual({ CreateSession: 1 });
    expect(await (await fixture.client.open(fresh.token)).popFlash()).toEqual(['hello']);
  });

  test('made while a call is in flight are one more call, however many there are', async () => {
    const calls = await callsOf(async () => {
      found.set('visits', 2);
      const saves = [found.save()];
      for (let visits = 3; visits < 10; visits += 1) {
        await Promise.resolve();
        found.set('visits', visits);
        saves.push(found.save());
      }
      await Promise.all(saves);
    });
    expect(calls['UpdateSession']).toBeLessThanOrEqual(2);
    expect(await stored()).toMatchObject({ visits: 9 });
  });
});
