import { describe, expect, test } from '@jest/globals';
import { until } from '../../support/poll';
import { at, create, increment, nothingChanged, openedStores, works } from './fixture';

const { stack, open } = openedStores();

describe('a Cluster', () => {
  test('follows the replica that takes the place of a master that hangs', async () => {
    const cluster = await stack.redisCluster({ withReplicas: true });
    const store = await open({ mode: 'cluster', nodes: cluster.nodes.map(at) });
    const sessions = await Promise.all(Array.from({ length: 30 }, () => create(store)));
    // Not WAIT, which is about the writes of its own connection.
    await until('the replicas to have them', async () => {
      const counts = await Promise.all(cluster.replicas.map(({ admin }) => admin.dbsize()));
      return counts.reduce((sum, count) => sum + count, 0) === sessions.length;
    });
    const [hung, heir] = [cluster.nodes[0]!, cluster.replicas[0]!];
    hung.freeze();
    await until('the master to be missed', () => store.parts.some(({ ready }) => !ready));
    // The others go on.
    expect(store.ready).toBe(true);
    await until('the promotion', async () => (await heir.admin.info('replication')).includes('role:master'));
    await until('calls to work', async () =>
      (await Promise.all(sessions.map((each) => works(store, each)))).every(Boolean),
    );
    expect(store.parts.map(({ ready }) => ready)).toEqual([true, true, true]);
  });

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
  });
});
