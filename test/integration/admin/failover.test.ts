import { expect, test } from '@jest/globals';
import { until } from '../../support/poll';
import { failureOf } from '../../support/raw-grpc';
import type { RedisServer } from '../../support/redis';
import { withStack } from '../../support/stack';
import type { Stack } from '../../support/stack';
import { signIn, startAdministered } from './fixture';
import type { Administered } from './fixture';

/* Counting and revoking while a master is lost: either all sessions, or an error that says so. */

const total = 1200;
const everySession = { createdBefore: new Date(Date.now() + 3_600_000) };

const nodes = (servers: readonly { readonly port: number }[]): string =>
  servers.map(({ port }) => `127.0.0.1:${port}`).join(',');

const sessionsOn = async (servers: readonly RedisServer[]): Promise<number> => {
  const keys = await Promise.all(servers.map(({ admin }) => admin.keys('session:*')));
  return keys.flat().filter((key) => /^session:[\w-]{22}$/.test(key)).length;
};

const isMaster = async ({ admin }: RedisServer) => (await admin.info('replication')).includes('role:master');

/** A sidecar that notices soon that a master hangs, with sessions that all replicas have. */
async function serving(stack: Stack, settings: Readonly<Record<string, string>>, replicas: readonly RedisServer[]) {
  const patience = { REDIS_COMMAND_TIMEOUT: '1s', REDIS_CONNECT_TIMEOUT: '1s', REDIS_MAX_SILENCE: '1500ms' };
  const served = await startAdministered(stack, { redis: { url: '' }, settings: { ...patience, ...settings } });
  for (let at = 0; at < total; at += 25) {
    await Promise.all(Array.from({ length: 25 }, () => signIn(served.app)));
  }
  await until('the replicas to have them', async () => (await sessionsOn(replicas)) === total);
  return served;
}

/** @returns `undefined` if it cannot be told now, of which the caller is informed */
async function countOf({ admin }: Administered): Promise<number | undefined> {
  const counting = admin.last('countSessions');
  return counting.then(
    ({ count, done }) => (done ? count : -1),
    async () => {
      expect((await failureOf(counting)).reason).toBe('STORE_UNAVAILABLE');
      return undefined;
    },
  );
}

/** @returns whether it said that it was done */
async function revokeAll({ admin }: Administered): Promise<boolean> {
  const revoking = admin.last('revokeSessions', everySession);
  return revoking.then(
    ({ done }) => done,
    async () => {
      expect((await failureOf(revoking)).reason).toBe('STORE_UNAVAILABLE');
      return false;
    },
  );
}

/**
 * A master hangs in the middle of a revocation, and a replica takes its place.
 *
 * @param after the masters by then
 */
async function revokeThrough(
  served: Administered,
  lost: RedisServer,
  heir: RedisServer,
  after: readonly RedisServer[],
) {
  expect(await countOf(served)).toBe(total);
  const before = await sessionsOn([lost]);
  const revoking = revokeAll(served);
  await until('some to be revoked', async () => (await sessionsOn([lost])) < before);
  lost.freeze();
  await revoking;
  // The sessions of the server that hangs cannot be looked at before.
  const isDone = await revokeAll(served);
  expect(isDone && !(await isMaster(heir))).toBe(false);
  const counts: (number | undefined)[] = [];
  await until('a count after the promotion', async () => {
    const wasPromoted = await isMaster(heir);
    counts.push(await countOf(served));
    return wasPromoted && counts.at(-1) !== undefined;
  });
  const left = await sessionsOn(after);
  expect(counts.filter((count) => count !== undefined && count !== left)).toEqual([]);
  await until('all to be revoked', () => revokeAll(served));
  await until('a count', async () => (await countOf(served)) === 0);
  expect(await sessionsOn(after)).toBe(0);
}

test.concurrent(
  'behind Sentinels, a count is whole or fails, and a revocation is completed by repeating it',
  withStack(async (stack) => {
    const master = await stack.redis();
    const replica = await stack.replica(master);
    const sentinel = await stack.sentinel(master);
    const served = await serving(stack, { REDIS_SENTINELS: nodes([sentinel]) }, [replica]);
    await revokeThrough(served, master, replica, [replica]);
  }),
);

test.concurrent(
  'in a Cluster, a count is whole or fails, and a revocation is completed by repeating it',
  withStack(async (stack) => {
    const cluster = await stack.redisCluster({ withReplicas: true });
    const served = await serving(stack, { REDIS_CLUSTER_NODES: nodes(cluster.nodes) }, cluster.replicas);
    const [lost, ...others] = cluster.nodes;
    const [heir] = cluster.replicas;
    await revokeThrough(served, lost!, heir!, [heir!, ...others]);
  }),
);
