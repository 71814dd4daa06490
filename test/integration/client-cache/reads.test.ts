import { beforeEach, describe, expect, test } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import { until } from '../../support/poll';
import { countRpcs } from '../../support/sidecar';
import type { Sidecar } from '../../support/sidecar';
import { cachingClients, count, done, newSession, set, untilLive } from './fixture';
import type { Shop } from './fixture';

const { stack, startSidecar, connect } = cachingClients();

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

  test('opens a session without a call, in its current state', async () => {
    const before = (await countRpcs(sidecar))['GetSession'];
    const session = await here.open(token);
    expect(session.toObject()).toEqual({ count: 0, cart: ['tea'] });
    expect(session).toMatchObject({ origin: 'found', state: 'stored', token, version: 1 });
    expect((await countRpcs(sidecar))['GetSession']).toBe(before);
  });

  test('gives each request its own values, and detects changes inside them', async () => {
    const [one, other] = await Promise.all([here.open(token), here.open(token)]);
    one.get('cart')!.push('milk');
    expect(other.get('cart')).toEqual(['tea']);
    await one.save();
    expect((await here.open(token)).get('cart')).toEqual(['tea', 'milk']);
    one.created!.setFullYear(1970);
    expect((await here.open(token)).created!.getFullYear()).toBeGreaterThan(2000);
  });

  test('calls the sidecar when an access is due to be recorded, so that a session in use does not expire', async () => {
    const session = await here.open(token);
    session.setIdleTimeout(10_000);
    await session.save();
    await untilLive(here, token);
    const { expires } = await here.open(token);
    await until('an access to be recorded', async () => (await here.open(token)).expires! > expires!);
  });

  test('an aborted call is aborted, live or not', async () => {
    await expect(here.open(token, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(here.open(token, { timeoutMs: -1 })).rejects.toThrow(RangeError);
  });

  test('once closed, it answers nothing from memory', async () => {
    here.close();
    await expect(here.open(token)).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('a client with a cache can only validate', () => {
  test('by unary calls', async () => {
    const here = connect(await startSidecar(), { transport: 'unary' });
    const token = await newSession(here);
    expect(await done(here, () => here.open(token))).toEqual({ missed: 1 });
    for (let times = 0; times < 5; times += 1)
      expect(await done(here, () => here.open(token))).toEqual({ validated: 1 });
    await set(here, token, 5);
    expect(await done(here, async () => expect(await count(here, token)).toBe(5))).toEqual({ validated: 1 });
  });

  test('without TTLs in Redis', async () => {
    const here = connect(await startSidecar({ REDIS_TTL: 'off' }));
    const token = await newSession(here);
    expect(await done(here, () => here.open(token))).toEqual({ missed: 1 });
    for (let times = 0; times < 5; times += 1)
      expect(await done(here, () => here.open(token))).toEqual({ validated: 1 });
  });
});

test('a large session that was changed elsewhere is sent, and validated again after that', async () => {
  const sidecar = await startSidecar();
  const [here, there] = [connect(sidecar, { transport: 'unary' }), connect(sidecar)];
  const session = here.create();
  session.set('cart', ['x'.repeat(100_000)]);
  await session.save();
  const token = session.token!;
  for (let n = 1; n <= 3; n += 1) {
    await set(there, token, n);
    expect(await done(here, async () => expect(await count(here, token)).toBe(n))).toEqual({ missed: 1 });
    expect(await done(here, async () => expect(await count(here, token)).toBe(n))).toEqual({ validated: 1 });
    expect((await here.open(token)).get('cart')).toEqual(['x'.repeat(100_000)]);
  }
  await (await there.open(token)).invalidate();
  expect((await here.open(token)).isNew).toBe(true);
});

test('with the memory store, sessions are live too', async () => {
  const sidecar = await stack.sidecar();
  const [here, there] = [connect(sidecar), connect(sidecar)];
  const token = await newSession(here);
  await untilLive(here, token);
  await set(there, token, 3);
  await until('the change', async () => (await count(here, token)) === 3);
});
