import { describe, expect, test } from '@jest/globals';
import { signingKey } from '../../../support/process';
import { freeAddress } from '../../../support/free-port';
import type { RedisCluster } from '../../../support/redis-cluster';
import { stackForEachTest } from '../../../support/stack';
import { run } from '../fixture';
import { examine } from './examine';

const stack = stackForEachTest();

const addressesOf = ({ nodes }: RedisCluster) => nodes.map(({ port }) => `127.0.0.1:${port}`);

describe('a Redis Cluster', () => {
  test('is examined as a whole and on each master', async () => {
    const cluster = await stack.redisCluster();
    const { exit, of, findings } = examine({ REDIS_CLUSTER_NODES: addressesOf(cluster)[0]! });
    expect(of('Cluster')).toMatchObject({ status: 'ok', found: '3 masters hold all slots' });
    expect(of('replicas')).toMatchObject({ status: 'warning', found: '3 masters have none' });
    for (const server of addressesOf(cluster)) {
      for (const check of ['version', 'permissions', 'scripts'])
        expect(of(check, server)).toEqual(expect.objectContaining({ status: 'ok' }));
    }
    expect(findings.filter(({ status }) => status === 'problem')).toEqual([]);
    expect(exit).toBe('ok');
    expect(findings.map(({ check }) => check)).not.toContain('client tracking');
    for (const { admin } of cluster.nodes) expect(await admin.dbsize()).toBe(0);
  });

  test('with slots that no master holds has a problem', async () => {
    const cluster = await stack.redisCluster();
    const [first] = cluster.nodes;
    for (const { admin } of cluster.nodes) await admin.config('SET', 'cluster-require-full-coverage', 'no');
    await first!.admin.call('CLUSTER', 'DELSLOTSRANGE', 0, 99);
    const { exit, of } = examine({ REDIS_CLUSTER_NODES: addressesOf(cluster)[0]! });
    expect(exit).toBe('failed');
    expect(of('Cluster')).toMatchObject({ status: 'problem', found: expect.stringContaining('16284 of 16384') });
  });

  test('that is not there', async () => {
    const settings = { REDIS_CLUSTER_NODES: await freeAddress(), SIGNING_KEYS: signingKey };
    expect(run(['doctor'], { settings })).toMatchObject({
      exit: 'unavailable',
      stderr: expect.stringContaining('No node of the Cluster can be reached.'),
    });
  });

  test('that is a single Redis', async () => {
    const redis = await stack.redis();
    const settings = { REDIS_CLUSTER_NODES: `127.0.0.1:${redis.port}`, SIGNING_KEYS: signingKey };
    expect(run(['doctor'], { settings })).toMatchObject({ exit: 'unavailable', stdout: '' });
  });
});
