import { describe, expect, test } from '@jest/globals';
import type { RedisConnectionOptions } from '../../server/src/store/redis/connection/client-options';
import { connectRedis } from '../../server/src/store/redis/connection/connect';
import { emptyContent } from '../../server/src/session/content';
import type { SessionStore } from '../../server/src/session/session-store';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import { until } from '../support/poll';
import {
  generousLimits,
  keyPrefix,
  makeRedisStore,
  redisConnectionOptions,
  twentyMinutes,
} from '../support/store-harness';
import { stackForEachTest } from '../support/stack';

const tokens = createTokens([randomSigningKey()]);

describe('connecting to Redis', () => {
  const stack = stackForEachTest();

  async function storeOn(connection: Partial<RedisConnectionOptions>): Promise<SessionStore> {
    const make = makeRedisStore(redisConnectionOptions(connection), []);
    return stack.use(await make({ expiry: twentyMinutes, limits: generousLimits })).store;
  }

  async function createAndLoad(store: SessionStore): Promise<string> {
    const { handle, secretHash } = tokens.issue();
    const idleTimeout = 60_000;
    await store.create({
      handle,
      secretHash,
      content: emptyContent,
      csrfToken: 'csrf',
      idleTimeout,
      subject: undefined,
    });
    await expect(store.load({ handle, secretHash })).resolves.toBeDefined();
    return keyPrefix + handle;
  }

  const at = (port: number) => [{ host: '127.0.0.1', port }];

  test('by host, port and database number', async () => {
    const server = await stack.redis();
    const key = await createAndLoad(await storeOn({ nodes: at(server.port), db: 3 }));
    await expect(server.admin.exists(key)).resolves.toBe(0);
    await server.admin.select(3);
    await expect(server.admin.exists(key)).resolves.toBe(1);
  });

  test('never to another database than the one that was asked for', async () => {
    const server = await stack.redis();
    const troubles: string[] = [];
    const options = redisConnectionOptions({ nodes: at(server.port), db: 99 });
    const ready: boolean[] = [];
    const connection = connectRedis(options, {
      onReady: (isReady) => ready.push(isReady),
      onTrouble: ({ message }) => troubles.push(message),
    });
    stack.defer(() => connection.close());
    await until('a second attempt', async () => {
      const stats = await server.admin.info('commandstats');
      return Number(/cmdstat_select:calls=(\d+)/.exec(stats)?.[1]) >= 2;
    });
    expect(ready).toEqual([]);
    expect(connection.usable).toBe(false);
    expect(troubles[0]).toBe('ERR DB index is out of range');
    expect(new Set(troubles).size).toBe(troubles.length);
  });

  test('by Unix socket', async () => {
    const server = await stack.redis();
    await createAndLoad(await storeOn({ socketPath: server.socketPath }));
  });

  test('as an ACL user that may do no more than the sidecar needs', async () => {
    const server = await stack.redis();
    const commands = [
      'eval',
      'evalsha',
      'get',
      'set',
      'mget',
      'pexpiretime',
      'setrange',
      'pexpireat',
      'persist',
      'unlink',
      'time',
      'info',
      'ping',
    ];
    const rules = ['on', '>s3cret', `~${keyPrefix}*`, ...commands.map((command) => `+${command}`)];
    await server.admin.acl('SETUSER', 'sidecar', ...rules);
    await server.admin.acl('SETUSER', 'default', 'resetpass', '-@all', '+ping');
    await createAndLoad(await storeOn({ nodes: at(server.port), username: 'sidecar', password: 's3cret' }));
  });

  test('over TLS, with the server checked against its CA and a client certificate', async () => {
    const { tlsPort, tls } = await stack.tlsRedis();
    await createAndLoad(await storeOn({ nodes: at(tlsPort), tls }));
  });

  test('through Sentinel, and to the new master after a failover', async () => {
    const master = await stack.redis();
    const replica = await stack.replica(master);
    const sentinel = await stack.sentinel(master);
    const store = await storeOn({
      mode: 'sentinel',
      nodes: at(sentinel.port),
      sentinel: { master: 'mymaster', username: undefined, password: undefined },
    });
    const key = await createAndLoad(store);
    await until('the replica to have the session', async () => (await replica.admin.exists(key)) === 1);

    await master.stop();
    await until('a failover', async () => (await replica.admin.info('replication')).includes('role:master'));
    await until('the store to follow', () => store.ready);
    const keyAfterwards = await createAndLoad(store);
    await expect(replica.admin.exists(keyAfterwards)).resolves.toBe(1);
  });
});
