import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import type { ImportResult } from '../../../server/src/cli/import/report';
import { connect } from '../../support/client';
import { until } from '../../support/poll';
import type { RedisServer } from '../../support/redis';
import type { RedisCluster } from '../../support/redis-cluster';
import { beginCli, outcomeOfCli } from '../../support/run-cli';
import type { CliOutcome, CliSettings } from '../../support/run-cli';
import { stackForAllTests } from '../../support/stack';

/* `session-sidecar import` from and to Redis behind Sentinels, and Redis Clusters. */

const stack = stackForAllTests();
const none = { url: '' };
const json = ['import', 'json', '--prefix', 's:', '--json'];

const nodes = (servers: readonly { readonly port: number }[]): string =>
  servers.map(({ port }) => `127.0.0.1:${port}`).join(',');

/** A master with a replica, and the setting that locates them. */
async function behindSentinel() {
  const master = await stack.redis();
  const replica = await stack.replica(master);
  const sentinel = await stack.sentinel(master);
  return { master, replica, settings: { REDIS_SENTINELS: nodes([sentinel]) } };
}

let cluster: RedisCluster;
let clustered: { readonly REDIS_CLUSTER_NODES: string };
let one: Awaited<ReturnType<typeof behindSentinel>>;
let other: typeof one;

beforeAll(async () => {
  [cluster, one, other] = await Promise.all([stack.redisCluster(), behindSentinel(), behindSentinel()]);
  clustered = { REDIS_CLUSTER_NODES: nodes(cluster.nodes.slice(0, 1)) };
});

function sourceIn(settings: Readonly<Record<string, string>>): readonly string[] {
  const file = join(stack.directory(), 'source');
  const lines = Object.entries(settings).map(([name, value]) => `SESSION_SIDECAR_${name}=${value}`);
  writeFileSync(file, lines.join('\n'));
  return ['--source-settings', file];
}

async function fill({ admin }: RedisServer, count: number): Promise<void> {
  const pipeline = admin.pipeline();
  for (let at = 0; at < count; at += 1) pipeline.set(`s:${at}`, `{"n":${at}}`, 'EX', 3600);
  await pipeline.exec();
}

const resultOf = ({ stdout, stderr }: CliOutcome): ImportResult => {
  if (stderr !== '') throw new Error(stderr);
  return JSON.parse(stdout) as ImportResult;
};

const sessionsOn = async (servers: readonly RedisServer[]): Promise<number> => {
  const keys = await Promise.all(servers.map(({ admin }) => admin.keys('session:*')));
  return keys.flat().filter((key) => /^session:[\w-]{22}$/.test(key)).length;
};

test('a Cluster is imported into a Redis behind Sentinels', async () => {
  const count = 90;
  // Each server takes the keys of its slots only.
  const settled = await Promise.allSettled(
    Array.from({ length: count }, (_, at) =>
      cluster.nodes.map(({ admin }) => admin.set(`s:${at}`, `{"n":${at}}`)),
    ).flat(),
  );
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(count);
  const args = [...json, ...sourceIn(clustered)];
  const run = () => outcomeOfCli(args, { redis: none, settings: one.settings });
  expect(resultOf(await run())).toMatchObject({ keys: count, imported: count, failed: 0, complete: true });
  expect(await sessionsOn([one.master])).toBe(count);
  const sidecar = await stack.sidecar({ redis: none, settings: one.settings });
  const session = await stack.use(connect(sidecar)).openById('77');
  expect(session.toObject()).toEqual({ n: 77 });
  expect(JSON.parse((await run()).stdout)).toEqual({ completed: expect.any(String) });
});

test('a Redis behind Sentinels is imported into a Cluster', async () => {
  await fill(one.master, 90);
  const args = [...json, ...sourceIn(one.settings)];
  const run = () => outcomeOfCli(args, { redis: none, settings: clustered });
  expect(resultOf(await run())).toMatchObject({ keys: 90, imported: 90, failed: 0, complete: true });
  expect(await sessionsOn(cluster.nodes)).toBe(90);
  expect(JSON.parse((await run()).stdout)).toEqual({ completed: expect.any(String) });
});

/** Runs an import, loses a server when something is stored, and runs the import again until it is done. */
async function importThrough(lost: RedisServer, args: readonly string[], settings: CliSettings, target: RedisServer) {
  const slow = beginCli([...args, '--rate', '20'], settings);
  await until('a step to be over', async () => (await target.admin.keys('session:import:*')).length > 0);
  await lost.stop();
  const { code, stderr } = await slow.ended;
  expect({ code, stderr }).toEqual({ code: 69, stderr: expect.stringContaining('The same command goes on') });
  return until('the import to be done', async () => {
    const again = await outcomeOfCli(args, settings);
    return again.code === 69 ? undefined : resultOf(again);
  });
}

test('an import whose source fails over ends, and goes on with the promoted replica from its start', async () => {
  const target = await stack.redis();
  await fill(one.master, 300);
  await until('the replica to have them', async () => (await one.replica.admin.keys('s:*')).length === 300);
  const args = [...json, ...sourceIn(one.settings)];
  const result = await importThrough(one.master, args, { redis: target }, target);
  expect(result).toMatchObject({ failed: 0, complete: true });
  expect(await sessionsOn([target])).toBe(300);
});

test('an import whose target fails over ends, and goes on with what the promoted replica has', async () => {
  const source = await stack.redis();
  await fill(source, 300);
  const args = [...json, '--source', source.url];
  const settings = { redis: none, settings: other.settings };
  expect(await importThrough(other.master, args, settings, other.master)).toMatchObject({ failed: 0, complete: true });
  expect(await sessionsOn([other.replica])).toBe(300);
});
