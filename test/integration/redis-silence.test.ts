import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { emptyContent } from '../../server/src/session/content';
import type { NewSession, SessionStore } from '../../server/src/session/session-store';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import type { RedisConnectionOptions } from '../../server/src/store/redis/connection/client-options';
import { connectSubscriber } from '../../server/src/store/redis/connection/connect';
import { RedisStore } from '../../server/src/store/redis/redis-store';
import { moveMonotonicClock } from '../support/clock';
import { until } from '../support/poll';
import type { RedisServer } from '../support/redis';
import type { Sentinel } from '../support/redis-sentinel';
import {
  connectForTest,
  generousLimits,
  keyPrefix,
  nearCacheFor,
  redisConnectionOptions,
  twentyMinutes,
} from '../support/store-harness';
import { stackForEachTest } from '../support/stack';

const tokens = createTokens([randomSigningKey()]);
const increment = { mutations: [{ kind: 'increment', key: 'n', by: 1 }] } as const;
const nothingChanged = { reason: 'STORE_UNAVAILABLE', metadata: { maybe_applied: 'false' } };

describe('a Redis that is not what it was', () => {
  const stack = stackForEachTest();

  const at = ({ port }: { readonly port: number }) => ({ host: '127.0.0.1', port });

  /** As a sidecar connects with its defaults, but with more time to connect and to answer on a busy machine. */
  function optionsOf(overrides: Partial<RedisConnectionOptions>): RedisConnectionOptions {
    return redisConnectionOptions({
      commandTimeoutMs: 1_000,
      connectTimeoutMs: 1_000,
      maxSilenceMs: 1_500,
      ...overrides,
    });
  }

  async function open(overrides: Partial<RedisConnectionOptions>): Promise<RedisStore> {
    const options = optionsOf(overrides);
    const { commandTimeoutMs } = options;
    const settings = { expiry: twentyMinutes, limits: generousLimits, keyPrefix, expireKeys: true, commandTimeoutMs };
    const store = stack.use(new RedisStore({ connection: connectForTest(options), ...settings }));
    await until('the store to be ready', () => store.ready);
    return store;
  }

  async function create(store: SessionStore): Promise<NewSession> {
    const content = emptyContent;
    const session = { ...tokens.issue(), content, csrfToken: 'csrf', idleTimeout: 1_200_000, subject: undefined };
    await store.create(session);
    return session;
  }

  const works = (store: SessionStore, session: NewSession) =>
    store.update(session, increment).then(
      ({ status }) => status === 'updated',
      () => false,
    );

  async function countOf(store: SessionStore, session: NewSession): Promise<number> {
    return Number((await store.load(session))?.session.data.get('n') ?? 0);
  }

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
    test('a connection that falls silent is replaced, though neither side closed it', async () => {
      const { proxy, options } = await start();
      const store = await open(options);
      const session = await create(store);
      proxy.freeze();
      await until('another connection', () => proxy.connections > 1);
      await until('calls to work', () => works(store, session));
      expect(store.parts).toMatchObject([{ name: 'redis', ready: true }]);
    });
  });

  test('without any call, silence is noticed all the same', async () => {
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

  test('what failed while Redis hung is not done when it goes on', async () => {
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

  test('a change that Redis gets to after its deadline is not made, and its caller learns so', async () => {
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

  test('a near cache does not trust a connection that Redis has forgotten', async () => {
    const server = await stack.redis();
    const proxy = await stack.proxy(at(server));
    // However long Redis may be silent.
    const options = optionsOf({ nodes: [at(proxy)], commandTimeoutMs: 60_000, maxSilenceMs: 60_000 });
    const reads = { hits: 0, misses: 0 };
    // The path of the messages stays whole.
    const near = nearCacheFor(
      reads,
      connectSubscriber(optionsOf({ nodes: [at(server)] }), () => undefined),
    );
    const { commandTimeoutMs } = options;
    const settings = { expiry: twentyMinutes, limits: generousLimits, keyPrefix, expireKeys: true, commandTimeoutMs };
    const store = stack.use(
      new RedisStore({ connection: connectForTest(options), ...settings, nearCache: near.options }),
    );
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

  describe('behind Sentinels', () => {
    async function sentinelsOf(master: RedisServer): Promise<Sentinel[]> {
      const sentinels = await Promise.all([1, 2, 3].map(() => stack.sentinel(master, 2)));
      await until('the Sentinels to know each other', async () => {
        const known = sentinels.map(({ admin }) => admin.call('SENTINEL', 'SENTINELS', 'mymaster'));
        return (await Promise.all(known)).every((others) => (others as unknown[]).length === 2);
      });
      return sentinels;
    }

    async function pair() {
      const master = await stack.redis();
      const replica = await stack.replica(master);
      const sentinels = await sentinelsOf(master);
      const sentinel = { master: 'mymaster', username: undefined, password: undefined };
      const store = await open({ mode: 'sentinel', nodes: sentinels.map(at), sentinel });
      const isMaster = async ({ admin }: RedisServer) => (await admin.info('replication')).includes('role:master');
      return { master, replica, sentinels, store, isMaster };
    }

    test('a master that hangs is left when another was promoted, and not believed when it goes on', async () => {
      const { master, replica, store, isMaster } = await pair();
      const session = await create(store);
      await until('the replica to have it', async () => (await replica.admin.exists(keyPrefix + session.handle)) === 1);
      master.freeze();
      await until('the promotion', () => isMaster(replica), 30_000);
      await until('calls to work', () => works(store, session), 30_000);
      master.thaw();
      const before = await countOf(store, session);
      for (let n = 1; n <= 50; n += 1) await expect(works(store, session)).resolves.toBe(true);
      await expect(countOf(store, session)).resolves.toBe(before + 50);
      const [record] = await replica.admin.mget(keyPrefix + session.handle);
      expect(record).toContain(`n ${before + 50}`);
    }, 120_000);

    test('nothing that is acknowledged while a replica is promoted on purpose is lost', async () => {
      const { replica, sentinels, store, isMaster } = await pair();
      const session = await create(store);
      await until('the replica to have it', async () => (await replica.admin.exists(keyPrefix + session.handle)) === 1);
      let acknowledged = 0;
      let isOver = false;
      const write = async (): Promise<void> => {
        while (!isOver) {
          if (await works(store, session)) acknowledged += 1;
          else await new Promise((resolve) => setImmediate(resolve));
        }
      };
      const writing = write();
      await until('some writes', () => acknowledged > 20);
      await sentinels[0]!.admin.call('SENTINEL', 'FAILOVER', 'mymaster');
      await until('the promotion', () => isMaster(replica), 30_000);
      const atPromotion = acknowledged;
      await until('writes to go on', () => acknowledged > atPromotion + 100, 30_000);
      isOver = true;
      await writing;
      const record = await replica.admin.get(keyPrefix + session.handle);
      expect(Number(/ n (\d+)/.exec(record ?? '')?.[1])).toBeGreaterThanOrEqual(acknowledged);
    }, 120_000);
  });

  describe('a Cluster', () => {
    test('follows the replica that takes the place of a master that hangs', async () => {
      const cluster = await stack.redisCluster({ withReplicas: true });
      const store = await open({ mode: 'cluster', nodes: cluster.nodes.map(at) });
      const sessions = await Promise.all(Array.from({ length: 30 }, () => create(store)));
      await Promise.all(cluster.nodes.map(({ admin }) => admin.call('WAIT', 1, 5_000)));
      const [hung, heir] = [cluster.nodes[0]!, cluster.replicas[0]!];
      hung.freeze();
      await until('the master to be missed', () => store.parts.some(({ ready }) => !ready));
      // The others go on.
      expect(store.ready).toBe(true);
      await until('the promotion', async () => (await heir.admin.info('replication')).includes('role:master'), 30_000);
      await until(
        'calls to work',
        async () => (await Promise.all(sessions.map((each) => works(store, each)))).every(Boolean),
        30_000,
      );
      expect(store.parts.map(({ ready }) => ready)).toEqual([true, true, true]);
    }, 120_000);

    test('that is down says that nothing was changed, at once', async () => {
      const cluster = await stack.redisCluster();
      const store = await open({ mode: 'cluster', nodes: cluster.nodes.map(at) });
      const session = await create(store);
      // A cluster of which a slot is not held answers nothing.
      await Promise.all(cluster.nodes.map(({ admin }) => admin.call('CLUSTER', 'DELSLOTS', 0)));
      await until('the cluster to be down', async () => {
        const states = await Promise.all(cluster.nodes.map(({ admin }) => admin.call('CLUSTER', 'INFO')));
        return states.every((state) => String(state).includes('cluster_state:fail'));
      });
      await expect(store.update(session, increment)).rejects.toMatchObject(nothingChanged);
    }, 60_000);
  });
});
