import { beforeEach, expect, test } from '@jest/globals';
import type { ISession, SessionClient } from '@session-sidecar/client';
import { codeOf } from '../../support/client';
import { describeClientSession } from './fixture';
import type { Shop } from './fixture';

describeClientSession('withLock() of a session', (fixture) => {
  let client: SessionClient<Shop>;
  let session: ISession<Shop>;
  let token: string;
  const patient = { wait: 60_000 };

  beforeEach(() => {
    ({ client, session } = fixture);
    token = session.token!;
  });
  const { stored } = fixture;

  /** A promise, and what settles it. */
  function signal() {
    let give = (): void => {};
    const given = new Promise<void>((resolve) => {
      give = resolve;
    });
    return { give, given };
  }

  test('runs one after another what would overwrite each other otherwise', async () => {
    let inside = 0;
    const work = async (locked: ISession<Shop>): Promise<number> => {
      inside += 1;
      expect(inside).toBe(1);
      const visits = locked.get('visits')! + 1;
      await client.open(token);
      locked.set('visits', visits);
      inside -= 1;
      return locked.fence!;
    };
    const fences = await Promise.all(Array.from({ length: 8 }, () => client.withLock(token, work, patient)));
    expect((await stored()).visits).toBe(9);
    expect(new Set(fences).size).toBe(8);
  });

  test('saves what was changed, and costs three calls', async () => {
    const calls = await fixture.callsOf(() => client.withLock(token, (locked) => locked.set('visits', 2)));
    expect(calls).toEqual({ AcquireLease: 1, UpdateSession: 1, ReleaseLease: 1 });
    expect((await stored()).visits).toBe(2);
  });

  test('saves nothing if the work fails, and releases the lease', async () => {
    const failure = new Error('from the work');
    const work = (locked: ISession<Shop>): never => {
      locked.set('visits', 2);
      throw failure;
    };
    await expect(client.withLock(token, work)).rejects.toBe(failure);
    expect((await stored()).visits).toBe(1);
    await client.withLock(token, () => undefined, { wait: 0 });
  });

  test.each([0, 50])('rejects with LEASE_HELD after a wait of %i ms, if another holder still has it', async (wait) => {
    const { give, given } = signal();
    const entered = signal();
    const holder = client.withLock(token, () => (entered.give(), given));
    await entered.given;
    expect(await codeOf(client.withLock(token, () => undefined, { wait }))).toBe('LEASE_HELD');
    give();
    await holder;
    expect(await codeOf(client.withLock(token, () => undefined, { wait }))).toBe('no error');
  });

  test('stops waiting when the signal is aborted', async () => {
    const { give, given } = signal();
    const entered = signal();
    const holder = client.withLock(token, () => (entered.give(), given));
    await entered.given;
    const abort = new AbortController();
    const waiting = client.withLock(token, () => undefined, { ...patient, signal: abort.signal });
    abort.abort();
    expect(await codeOf(waiting)).toBe('CANCELLED');
    give();
    await holder;
  });

  test('does not keep out what is saved without a lock', async () => {
    await client.withLock(token, async (locked) => {
      session.set('note', 'from elsewhere');
      await session.save();
      locked.set('visits', 2);
    });
    expect(await stored()).toMatchObject({ visits: 2, note: 'from elsewhere' });
  });

  test('lets the next holder in after its lease, and refuses what the former one saves then', async () => {
    const { give, given } = signal();
    const entered = signal();
    const late: unknown[] = [];
    const slow = client.withLock(
      token,
      async (locked) => {
        entered.give();
        await given;
        locked.set('visits', 100);
        locked.flash('late');
        late.push(await codeOf(locked.save()));
        late.push(await codeOf(locked.transform('cart', () => ['late'])));
        late.push(await codeOf(locked.popFlash('other')));
        late.push(await codeOf(locked.regenerate()));
      },
      { lease: 100 },
    );
    await entered.given;
    await client.withLock(token, (locked) => locked.set('visits', 2), patient);
    give();
    expect(await codeOf(slow)).toBe('LEASE_LOST');
    expect(late).toEqual(['LEASE_LOST', 'LEASE_LOST', 'no error', 'LEASE_LOST']);
    expect(await stored()).toMatchObject({ visits: 2, cart: ['tea'] });
    expect(await (await fixture.next()).popFlash()).toEqual([]);
  });

  test('pops messages only while it has the lease', async () => {
    session.flash('hello');
    await session.save();
    let kept: ISession<Shop> | undefined;
    await client.withLock(token, (locked) => {
      kept = locked;
    });
    expect(await codeOf(kept!.popFlash())).toBe('LEASE_LOST');
    expect(await client.withLock(token, (locked) => locked.popFlash())).toEqual(['hello']);
  });

  test('goes on with a token that the work has replaced', async () => {
    const renewed = await client.withLock(token, async (locked) => {
      await locked.regenerate();
      locked.set('visits', 2);
      return locked.token;
    });
    expect((await client.open(renewed)).get('visits')).toBe(2);
    await client.withLock(renewed!, () => undefined, { wait: 0 });
  });

  test('ends with the session, and what the work then starts is free', async () => {
    const fresh = await client.withLock(token, async (locked) => {
      await locked.invalidate();
      expect(locked.fence).toBeUndefined();
      locked.set('visits', 1);
      await locked.save();
      locked.set('visits', 2);
      return locked;
    });
    expect((await client.open(fresh.token)).get('visits')).toBe(2);
  });

  test('knows the session as it is when the lease begins', async () => {
    session.set('note', 'new');
    await session.save();
    await client.withLock(token, (locked) => {
      expect(locked.toObject()).toEqual({ user: { id: 7, name: 'Ada' }, cart: ['tea'], visits: 1, note: 'new' });
      expect(locked).toMatchObject({ token, origin: 'found', isNew: false, version: session.version });
    });
  });

  test('rejects if there is no session, before the work', async () => {
    await session.invalidate();
    const never = (): never => {
      throw new Error('Expected the work not to run.');
    };
    expect(await codeOf(client.withLock(token, never))).toBe('SESSION_NOT_FOUND');
    expect(await codeOf(client.withLock('no token', never))).toBe('TOKEN_INVALID');
  });

  test.each([{ lease: 99 }, { lease: 300_001 }, { lease: 100.5 }, { lease: '1s' }, { wait: -1 }, { wait: NaN }])(
    'rejects %j with a RangeError',
    async (options) => {
      await expect(client.withLock(token, () => undefined, options as never)).rejects.toThrow(RangeError);
    },
  );
});
