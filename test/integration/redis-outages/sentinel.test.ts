import { describe, expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { connectRedis } from '../../../server/src/store/redis/connection/connect';
import { until } from '../../support/poll';
import type { RedisServer } from '../../support/redis';
import type { Sentinel } from '../../support/redis-sentinel';
import { keyPrefix } from '../../support/store-harness';
import { at, countOf, create, openedStores, optionsOf, works } from './fixture';

const { stack, open } = openedStores();
const masterName = { master: 'mymaster', username: undefined, password: undefined };

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
    const options = { mode: 'sentinel', nodes: sentinels.map(at), sentinel: masterName } as const;
    const store = await open(options);
    const isMaster = async ({ admin }: RedisServer) => (await admin.info('replication')).includes('role:master');
    return { master, replica, sentinels, options, store, isMaster };
  }

  test('a master that hangs is left when another is promoted, and not used when it resumes', async () => {
    const { master, replica, store, isMaster } = await pair();
    const session = await create(store);
    await until('the replica to have it', async () => (await replica.admin.exists(keyPrefix + session.handle)) === 1);
    master.freeze();
    await until('the promotion', () => isMaster(replica));
    await until('calls to work', () => works(store, session));
    master.thaw();
    const before = await countOf(store, session);
    for (let n = 1; n <= 50; n += 1) await expect(works(store, session)).resolves.toBe(true);
    await expect(countOf(store, session)).resolves.toBe(before + 50);
    const [record] = await replica.admin.mget(keyPrefix + session.handle);
    expect(record).toContain(`n ${before + 50}`);
  });

  test('nothing acknowledged during a planned failover is lost', async () => {
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
    await until('the promotion', () => isMaster(replica));
    const atPromotion = acknowledged;
    await until('writes to go on', () => acknowledged > atPromotion + 100);
    isOver = true;
    await writing;
    const record = await replica.admin.get(keyPrefix + session.handle);
    expect(Number(/ n (\d+)/.exec(record ?? '')?.[1])).toBeGreaterThanOrEqual(acknowledged);
  });

  test('servers that replicate each other are reported as what they are', async () => {
    const { master, replica, store } = await pair();
    const [part] = store.parts;
    await master.admin.replicaof('127.0.0.1', replica.port);
    await until('the loss', () => part?.reason === 'READONLY');
    await master.admin.replicaof('NO', 'ONE');
    await until('the store to be ready', () => store.ready);
  });

  test('Sentinels that answer are not reported as unreachable', async () => {
    const { options } = await pair();
    const troubles: string[] = [];
    const connection = stack.use(
      connectRedis(optionsOf(options), {
        onReady: () => undefined,
        onTrouble: ({ message }) => troubles.push(message),
      }),
    );
    // More often than there are Sentinels.
    for (let n = 0; n < 5; n += 1) {
      await until('the connection', () => connection.usable);
      (connection.client as Redis).disconnect(true);
      await until('the loss', () => !connection.usable);
    }
    await until('the connection', () => connection.usable);
    expect(troubles).toEqual([]);
  });
});
