import { describe, expect, test } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import { until } from '../../support/poll';
import { cachingClients, count, done, newSession, set, untilLive } from './fixture';
import type { Shop } from './fixture';

const { stack, startSidecar, replaceSidecar, connect, breakConnections } = cachingClients();

describe('a client with a cache stops answering from memory, and is current when it resumes,', () => {
  const isLive = async (client: SessionClient<Shop>, token: string): Promise<boolean> => {
    const { live: lives = 0 } = await done(client, () => client.open(token, { timeoutMs: 100 }).catch(() => undefined));
    return lives > 0;
  };

  test('when its sidecar loses Redis', async () => {
    const here = connect(await startSidecar());
    const token = await newSession(here);
    await untilLive(here, token);
    await breakConnections();
    await until('a read that is not live', async () => {
      const work = await done(here, () => here.open(token).catch(() => undefined));
      return work.live === undefined;
    });
    await untilLive(here, token);
  });

  test('when Redis hangs', async () => {
    const redis = await stack.redis();
    const sidecar = await stack.sidecar({ redis });
    const here = connect(sidecar);
    const token = await newSession(here);
    await untilLive(here, token);
    redis.freeze();
    await until('the end of live reads', async () => !(await isLive(here, token)));
    await expect(here.open(token, { timeoutMs: 100 })).rejects.toThrow();
    redis.thaw();
    await untilLive(here, token);
  });

  test('when its sidecar cannot be reached', async () => {
    const [sidecar, other] = [await startSidecar(), await startSidecar()];
    const proxy = await stack.proxy({ host: '127.0.0.1', port: Number(sidecar.address.split(':')[1]) });
    const here = connect({ address: `127.0.0.1:${proxy.port}` });
    const there = connect(other);
    const token = await newSession(here);
    await untilLive(here, token);
    proxy.freeze();
    await (await there.open(token)).invalidate();
    await until('the end of live reads', async () => !(await isLive(here, token)));
    proxy.thaw();
    await until('the end', async () => (await here.open(token)).origin === 'not_found');
  });

  test('when its sidecar is replaced', async () => {
    const other = await startSidecar();
    const sidecar = await startSidecar();
    const here = connect(sidecar);
    const there = connect(other);
    const token = await newSession(here);
    await untilLive(here, token);
    await sidecar.close();
    expect(await isLive(here, token)).toBe(false);
    await set(there, token, 5);
    await replaceSidecar(sidecar);
    expect(await done(here, async () => expect(await count(here, token)).toBe(5))).toEqual({ missed: 1 });
    await untilLive(here, token);
  });
});
