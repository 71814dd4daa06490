import { beforeEach, describe, expect, test } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import { until } from '../../support/poll';
import { countRpcs } from '../../support/sidecar';
import type { Sidecar } from '../../support/sidecar';
import { cachingClients, count, done, newSession, set, untilLive } from './fixture';
import type { Shop } from './fixture';

const { startSidecar, connect, emptyRedis } = cachingClients();

describe('a client with a cache', () => {
  let sidecar: Sidecar;
  let here: SessionClient<Shop>;
  let token: string;

  beforeEach(async () => {
    sidecar = await startSidecar();
    here = connect(sidecar);
    token = await newSession(here);
    await untilLive(here, token);
  });

  test('sees its own changes at once, and stays live through them', async () => {
    for (let value = 1; value <= 20; value += 1) {
      await set(here, token, value);
      expect(await done(here, async () => expect(await count(here, token)).toBe(value))).toEqual({ live: 1 });
    }
  });

  test('sees every kind of its own changes as the sidecar applied them', async () => {
    const session = await here.open(token);
    session.clear();
    session.set('count', 7);
    session.setDefault('cart', ['a']);
    session.flash('hello');
    session.flash('error', { queue: 'errors' });
    await session.save();
    expect(await done(here, () => here.open(token))).toEqual({ live: 1 });
    const [mine, fresh] = await Promise.all([here.open(token), connect(sidecar).open(token)]);
    expect([...mine.entries()]).toEqual([...fresh.entries()]);
    expect(mine.version).toBe(fresh.version);
    expect(mine.expires).toEqual(fresh.expires);
    expect(await mine.popFlash()).toEqual(['hello']);
    expect(await (await here.open(token)).popFlash()).toEqual([]);
    expect(await (await here.open(token)).popFlash('errors')).toEqual(['error']);
  });

  test('stays live when it pops messages and saves together', async () => {
    const session = await here.open(token);
    session.flash('hello');
    session.flash('error', { queue: 'errors' });
    await session.save();
    const next = await here.open(token);
    next.set('count', 7);
    expect(await Promise.all([next.popFlash(), next.save()])).toEqual([['hello'], undefined]);
    const after = async () => {
      const session = await here.open(token);
      expect([session.get('count'), await session.popFlash(), session.version]).toEqual([7, [], next.version]);
    };
    const before = await countRpcs(sidecar);
    expect(await done(here, after)).toEqual({ live: 1 });
    expect(await countRpcs(sidecar)).toEqual(before);
    expect(await (await here.open(token)).popFlash('errors')).toEqual(['error']);
  });

  test('sees its own logout at once', async () => {
    await (await here.open(token)).invalidate();
    expect((await here.open(token)).origin).toBe('not_found');
  });

  test('rejects the old token as soon as there is a new one', async () => {
    const session = await here.open(token);
    await session.regenerate();
    expect((await here.open(token)).origin).toBe('not_found');
    await untilLive(here, session.token!);
    expect((await here.open(token)).origin).toBe('not_found');
    expect(await done(here, () => here.open(session.token))).toEqual({ live: 1 });
  });

  test('sees changes of another client of the same sidecar', async () => {
    const there = connect(sidecar);
    for (let value = 1; value <= 20; value += 1) {
      await set(there, token, value);
      await until('the change', async () => (await count(here, token)) === value);
      await untilLive(here, token);
    }
  });

  test('sees changes through another sidecar, also after changes of its own', async () => {
    const there = connect(await startSidecar());
    for (let value = 1; value <= 20; value += 1) {
      await set(there, token, 2 * value);
      await until('the change', async () => (await count(here, token)) === 2 * value);
      await set(here, token, 2 * value + 1);
      await until('the change', async () => (await count(there, token)) === 2 * value + 1);
      await untilLive(here, token);
    }
  });

  test('sees a logout through another sidecar', async () => {
    const there = connect(await startSidecar());
    await (await there.open(token)).invalidate();
    await until('the end', async () => (await here.open(token)).origin === 'not_found');
  });

  test('sees at once that it has ended all sessions of a subject', async () => {
    const session = await here.open(token);
    session.setSubject('ada');
    await session.save();
    await untilLive(here, token);
    expect(await here.forSubject('ada').invalidateAll()).toBe(1);
    expect((await here.open(token)).origin).toBe('not_found');
  });

  test('sees that another client has ended all sessions of a subject through another sidecar', async () => {
    const there = connect(await startSidecar());
    const session = await here.open(token);
    session.setSubject('ada');
    await session.save();
    await untilLive(here, token);
    expect(await there.forSubject('ada').invalidateAll()).toBe(1);
    await until('the end', async () => (await here.open(token)).origin === 'not_found');
  });

  test('sees that Redis was emptied', async () => {
    await emptyRedis();
    await until('the end', async () => (await here.open(token)).origin === 'not_found');
  });

  test('applies a transform to the current value when another client has changed it', async () => {
    const there = connect(sidecar);
    const session = await here.open(token);
    await set(there, token, 41);
    expect(await session.transform('count', (value) => (value ?? 0) + 1)).toBe(42);
    expect(await count(here, token)).toBe(42);
  });
});
