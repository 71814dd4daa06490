import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { SessionClient } from '@session-sidecar/client';
import type { ISession } from '@session-sidecar/client';
import { connect } from '../../support/client';
import { connectRaw, mutation } from '../../support/raw-grpc';
import type { RedisServer } from '../../support/redis';
import type { Sidecar } from '../../support/sidecar';
import { stackForAllTests } from '../../support/stack';

interface Shop {
  user?: { name: string; roles: string[] };
  cart?: { lines: string[] };
  visits?: number;
  language?: string;
}

describe.each(['pipeline', 'unary'] as const)('no update is lost by %s', (transport) => {
  const stack = stackForAllTests();
  let redis: RedisServer;
  let sidecars: Sidecar[];
  let clients: SessionClient<Shop>[];

  beforeAll(async () => {
    redis = await stack.redis();
    sidecars = [await stack.sidecar({ redis }), await stack.sidecar({ redis })];
    clients = sidecars.map((sidecar) => stack.use(connect<Shop>(sidecar, { transport })));
  });

  /** The same session as two overlapping requests have it, each at another sidecar. */
  let one: ISession<Shop>;
  let other: ISession<Shop>;

  beforeEach(async () => {
    const session = clients[0]!.create();
    session.update({ user: { name: 'Ada', roles: [] }, cart: { lines: ['tea'] }, visits: 1 });
    await session.save();
    [one, other] = (await Promise.all(clients.map((client) => client.open(session.token)))) as [
      ISession<Shop>,
      ISession<Shop>,
    ];
  });

  /** As a client reads it that has no copy. */
  async function stored(): Promise<Partial<Shop>> {
    const client = new SessionClient<Shop>({ address: sidecars[0]!.address, timeoutMs: 20_000, transport });
    try {
      return (await client.open(one.token)).toObject();
    } finally {
      client.close();
    }
  }

  test('when overlapping requests write different keys, both stay', async () => {
    one.set('language', 'en');
    other.set('visits', 2);
    await Promise.all([one.save(), other.save()]);
    expect(await stored()).toEqual({
      user: { name: 'Ada', roles: [] },
      cart: { lines: ['tea'] },
      visits: 2,
      language: 'en',
    });
  });

  test('when overlapping requests change values inside, each writes only the value it changed', async () => {
    one.get('user')!.roles.push('admin');
    other.get('cart')!.lines.push('milk');
    await one.save();
    await other.save();
    expect(await stored()).toEqual({
      user: { name: 'Ada', roles: ['admin'] },
      cart: { lines: ['tea', 'milk'] },
      visits: 1,
    });
  });

  test('when one request removes a key and another, which read it before, saves something else, it stays removed', async () => {
    one.delete('cart');
    await one.save();
    other.set('visits', 2);
    await other.save();
    expect(await stored()).toEqual({ user: { name: 'Ada', roles: [] }, visits: 2 });
  });

  test('when one request only reads, what another wrote meanwhile is kept', async () => {
    other.get('cart');
    one.set('visits', 5);
    await one.save();
    await other.save();
    expect(await stored()).toMatchObject({ visits: 5 });
  });

  test('when requests flash, set and regenerate at the same time, all of it is there', async () => {
    one.flash('from one');
    one.set('language', 'en');
    other.flash('from other');
    other.set('visits', 7);
    await one.save();
    await other.regenerate();
    const session = await clients[0]!.open(other.token);
    expect(session.toObject()).toMatchObject({ language: 'en', visits: 7 });
    expect(await session.peekFlash()).toEqual(['from one', 'from other']);
  });

  test('when requests set a default for the same key, one wins and all of them have it', async () => {
    const languages = ['en', 'de', 'fr', 'ru', 'it', 'es'];
    const sessions = await Promise.all(languages.map((_, index) => clients[index % 2]!.open(one.token)));
    sessions.forEach((session, index) => session.setDefault('language', languages[index]!));
    await Promise.all(sessions.map((session) => session.save()));
    const winner = (await stored()).language;
    expect(languages).toContain(winner);
    expect(sessions.map((session) => session.get('language'))).toEqual(languages.map(() => winner));
  });

  test('transforms of one value by many requests are all applied, one after another', async () => {
    const sessions = await Promise.all(Array.from({ length: 16 }, (_, index) => clients[index % 2]!.open(one.token)));
    const results = await Promise.all(
      sessions.map((session) => session.transform('visits', (visits = 0) => visits + 1, { timeoutMs: 60_000 })),
    );
    expect(results.sort((a, b) => a - b)).toEqual(sessions.map((_, index) => index + 2));
    expect(await stored()).toMatchObject({ visits: 17 });
  });

  test('increments and appends by many requests are all applied, without asking for a version', async () => {
    const raw = sidecars.map(({ address }) => connectRaw(address));
    const mutations = (index: number) => [mutation.increment('visits', 1), mutation.append('list', String(index))];
    const calls = Array.from({ length: 200 }, (_, index) =>
      raw[index % 2]!.call('updateSession', { token: one.token!, mutations: mutations(index) }),
    );
    await Promise.all(calls);
    const { session } = await raw[0]!.call('getSession', { token: one.token! });
    const list = JSON.parse(String(session!.data.get('list'))) as number[];
    expect(list.sort((a, b) => a - b)).toEqual(calls.map((_, index) => index));
    expect(String(session!.data.get('visits'))).toBe('201');
    expect(session!.version).toBe(201);
    raw.forEach((client) => client.close());
  });

  test('an update that is refused changes nothing, not even in part', async () => {
    const raw = connectRaw(sidecars[0]!.address);
    const before = await raw.call('getSession', { token: one.token! });
    const mutations = [mutation.set('language', '"en"'), mutation.pushFlash('', '1'), mutation.increment('user', 1)];
    await expect(raw.call('updateSession', { token: one.token!, mutations })).rejects.toMatchObject({
      reason: 'INVALID_ARGUMENT',
    });
    expect(await raw.call('getSession', { token: one.token! })).toEqual(before);
    raw.close();
  });
});
