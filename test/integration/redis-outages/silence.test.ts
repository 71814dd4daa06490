import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createSubscriber } from '../../../server/src/store/redis/connection/connect';
import { RedisStore } from '../../../server/src/store/redis/redis-store';
import { moveMonotonicClock } from '../../support/clock';
import { until } from '../../support/poll';
import { connectForTest, generousLimits, keyPrefix, nearCacheFor, twentyMinutes } from '../../support/store-harness';
import { at, countOf, create, increment, nothingChanged, openedStores, optionsOf, tokens, works } from './fixture';

const { stack, open } = openedStores();

describe('a Redis whose state or role changed', () => {
  /** A proxy before a Redis, and how to connect to it. */
  const networks = {
    TCP: async () => {
      const proxy = await stack.proxy(at(await stack.redis()));
      return { proxy, options: { nodes: [at(proxy)] } };
    },
    'a Unix socket': async () => {
      const { socketPath, directory } = await stack.redis();
      const path = join(directory, 'proxy.sock');
      return { proxy: await stack.proxy({ path: socketPath }, { path }), options: { socketPath: path } };
    },
    TLS: async () => {
      const { tlsPort, tls } = await stack.tlsRedis();
      const proxy = await stack.proxy(at({ port: tlsPort }));
      return { proxy, options: { nodes: [at(proxy)], tls } };
    },
  };

  describe.each(Object.entries(networks))('over %s', (_, start) => {
    test('a silent connection is replaced, although neither side closed it', async () => {
      const { proxy, options } = await start();
      const store = await open(options);
      const session = await create(store);
      proxy.freeze();
      await until('another connection', () => proxy.connections > 1);
      await until('calls to work', () => works(store, session));
      expect(store.parts).toMatchObject([{ name: 'redis', ready: true }]);
    });
  });

  test('silence is detected without any call', async () => {
    const server = await stack.redis();
    const store = await open({ nodes: [at(server)] });
    const before = store.parts[0]!.since;
    server.freeze();
    await until('the store to be away', () => !store.ready);
    await until('the reason', () => store.parts[0]!.reason === 'no answer');
    expect(store.parts[0]!.since).toBeGreaterThan(before);
    server.thaw();
    await until('the store to be back', () => store.ready);
  });

  test('a change that failed while Redis hung is not applied when it resumes', async () => {
    const server = await stack.redis();
    const store = await open({ nodes: [at(server)] });
    const session = await create(store);
    server.freeze();
    const calls = Array.from({ length: 500 }, () => store.update(session, increment));
    const outcomes = await Promise.allSettled(calls);
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']));
    await until('the connection to be given up', () => !store.ready);
    // No further call is sent, or kept to be sent.
    await expect(store.update(session, increment)).rejects.toMatchObject(nothingChanged);
    await expect(store.load(session)).rejects.toMatchObject(nothingChanged);
    server.thaw();
    await until('the store to be back', () => store.ready);
    await expect(countOf(store, session)).resolves.toBe(0);
  });

  test('a change that Redis reaches after its deadline is not applied, and its caller is informed', async () => {
    const server = await stack.redis();
    const patient = { commandTimeoutMs: 20_000, maxSilenceMs: 20_000 };
    const store = await open({ nodes: [at(server)], ...patient });
    const session = await create(store);
    const unborn = { ...session, ...tokens.issue() };
    const record = () => server.admin.getBuffer(keyPrefix + session.handle);
    const before = await record();
    server.freeze();
    const deadline = performance.now() + 50;
    const late = [
      store.create(unborn, deadline),
      store.update(session, increment, deadline),
      store.delete(session, deadline),
    ];
    const outcomes = Promise.allSettled(late);
    await until('the deadline to pass', () => performance.now() > deadline + 5);
    server.thaw();
    expect(await outcomes).toMatchObject(late.map(() => ({ status: 'rejected', reason: nothingChanged })));
    await expect(record()).resolves.toEqual(before);
    await expect(store.load(unborn)).resolves.toBeUndefined();
  });

  test('a step of the clock on either side makes no call fail', async () => {
    const server = await stack.redis();
    const store = await open({ nodes: [at(server)] });
    const session = await create(store);
    for (const step of [-3_600_000, 3_600_000]) {
      moveMonotonicClock(step);
      await expect(works(store, session)).resolves.toBe(true);
    }
  });

  test('a server that became a replica behind a fixed address is left for the new master', async () => {
    const [first, second] = [await stack.redis(), await stack.redis()];
    const proxy = await stack.proxy(at(first));
    const store = await open({ nodes: [at(proxy)] });
    await first.admin.replicaof('127.0.0.1', second.port);
    await until('the demotion to be noticed', () => store.parts[0]!.reason === 'READONLY');
    proxy.target = at(second);
    await until('the store to be ready', () => store.ready);
    await create(store);
    await expect(second.admin.dbsize()).resolves.toBe(1);
  });

  test('a near cache does not trust a connection that Redis has dropped', async () => {
    const server = await stack.redis();
    const proxy = await stack.proxy(at(server));
    // However long Redis may be silent.
    const options = optionsOf({ nodes: [at(proxy)], commandTimeoutMs: 60_000, maxSilenceMs: 60_000 });
    const reads = { hits: 0, misses: 0 };
    // The path of the messages stays whole.
    const near = nearCacheFor(
      reads,
      createSubscriber(optionsOf({ nodes: [at(server)] }), () => undefined),
    );
    const { commandTimeoutMs } = options;
    const settings = { expiry: twentyMinutes, limits: generousLimits, keyPrefix, expireKeys: true, commandTimeoutMs };
    const store = stack.use(new RedisStore({ connection: connectForTest(options), ...settings, ...near.options }));
    await until('the near cache', () => store.ready && near.isReady());
    const session = await create(store);
    await until('a read from the near cache', async () => (await store.load(session), reads.hits > 0));

    proxy.freeze();
    await server.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    // Another sidecar logs the visitor out.
    await server.admin.del(keyPrefix + session.handle);
    await until('no answer from the cache', () => {
      const before = reads.hits;
      store.load(session).catch(() => undefined);
      return reads.hits === before;
    });
  });
});
