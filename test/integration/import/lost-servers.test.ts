import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { loadConfig } from '../../../server/src/config';
import { jsonStore } from '../../../server/src/cli/import/formats/json-store';
import { Importer } from '../../../server/src/cli/import/importer';
import { Results } from '../../../server/src/cli/import/results';
import { SourceServer } from '../../../server/src/cli/import/source-server';
import { openTarget } from '../../../server/src/cli/import/target';
import type { Target } from '../../../server/src/cli/import/target';
import { Walk } from '../../../server/src/cli/import/walk';
import { until } from '../../support/poll';
import { asVariables, onRedis } from '../../support/process';
import type { RedisServer } from '../../support/redis';
import { stackForEachTest } from '../../support/stack';

/* Servers that are lost while an import pauses, so that no command fails. */

const stack = stackForEachTest();
const sourceOptions = { prefix: 's:', excluded: undefined, maxBytes: 1000, keysPerStep: 10 };
const json = jsonStore({ data: [], id: 'name', expires: undefined, drop: [] });

async function filled(count: number): Promise<RedisServer> {
  const redis = await stack.redis();
  await redis.admin.mset(Object.fromEntries(Array.from({ length: count }, (_, at) => [`s:${at}`, '{"n":1}'])));
  return redis;
}

async function clientOf({ url }: RedisServer): Promise<Redis> {
  const client = new Redis(url);
  stack.defer(() => client.disconnect());
  await once(client, 'ready');
  return client;
}

const closeConnections = ({ admin }: RedisServer) => admin.call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'yes');

test('a cursor is not used on another connection, which may lead to another server', async () => {
  const redis = await filled(100);
  const client = await clientOf(redis);
  const server = new SourceServer(client, sourceOptions);
  const { cursor } = await server.scan('0');
  const reconnected = once(client, 'ready');
  await closeConnections(redis);
  await reconnected;
  await expect(server.scan(cursor)).rejects.toMatchObject({ exit: 'unavailable' });
});

test('sessions that the next master of the target does not have are imported by the next run', async () => {
  const [source, master, next] = [await filled(40), await stack.redis(), await stack.redis()];
  const proxy = await stack.proxy({ host: '127.0.0.1', port: master.port });
  const client = await clientOf(source);

  const open = async (): Promise<Target> => {
    const settings = onRedis({ url: `redis://127.0.0.1:${proxy.port}` });
    const { config, advise } = loadConfig({ env: asVariables(settings), args: [], readFile: readFileSync });
    if (config.store.kind !== 'redis') throw new Error('Expected a Redis.');
    return openTarget({ config, redis: config.store.redis, advise, source: 'old', isDry: false });
  };
  /** @param atSecondChunk what happens while the import pauses */
  const walk = async (target: Target, atSecondChunk: () => Promise<void>): Promise<boolean> => {
    const { manager, tokens, progress, changes } = target;
    const results = new Results();
    const importer = new Importer({ manager, tokens, format: json, subject: undefined, ttlMs: undefined, results });
    let chunks = 0;
    const pace = { take: async () => ((chunks += 1) === 2 ? atSecondChunk() : undefined) };
    const { keysPerStep } = sourceOptions;
    const servers = [new SourceServer(client, sourceOptions)];
    const interrupted = new AbortController().signal;
    return new Walk({ servers, importer, progress, changes, pace, keysPerStep, interrupted }).run();
  };

  const first = await open();
  const failover = async (): Promise<void> => {
    proxy.target = { host: '127.0.0.1', port: next.port };
    await closeConnections(master);
    const { token } = first.tokens.derive('not imported');
    const reason = () =>
      first.manager.get(token).then(
        () => undefined,
        (error: unknown) => (error as { reason?: string }).reason,
      );
    await until('the next master to answer', async () => (await reason()) === 'SESSION_NOT_FOUND');
  };
  await expect(walk(first, failover)).rejects.toMatchObject({ exit: 'unavailable' });
  await first.close();
  expect(await master.admin.dbsize()).toBeGreaterThan(0);

  const second = await open();
  expect(await walk(second, () => Promise.resolve())).toBe(true);
  await second.close();
  const sessions = (await next.admin.keys('session:*')).filter((key) => /^session:[\w-]{22}$/.test(key));
  expect(sessions).toHaveLength(40);
});
