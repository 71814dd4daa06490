import { EventEmitter, once } from 'node:events';
import { Redis } from 'ioredis';
import { until } from '../../support/poll';
import { now } from '../clock';
import type { Instant } from '../clock';
import type { RecordedWorld } from './records';
import { RedisNode } from './redis-node';
import { Sidecar } from './sidecar';
import type { SidecarSetup } from './sidecar';

const masterName = 'chaos';

export interface SentinelWorld extends RecordedWorld {
  readonly sentinels: readonly RedisNode[];
  failover(): Promise<void>;
  /** Waits until Sentinel announces another master. Returns that time. */
  switched(timeoutMs: number): Promise<Instant>;
}

type Fields = ReadonlyMap<string, string>;

function fieldsIn(reply: readonly string[]): Fields {
  return new Map(reply.flatMap((name, index) => (index % 2 === 0 ? [[name, reply[index + 1] ?? '']] : [])));
}

/** A master with two replicas, and three Sentinels that detect its failure within two seconds. */
export async function startSentinel(setup: SidecarSetup): Promise<SentinelWorld> {
  const args = ['--appendonly', 'no', '--repl-diskless-sync-delay', '0'];
  const nodes = await Promise.all([0, 1, 2].map(() => RedisNode.start({ args })));
  const [first, ...replicas] = nodes as [RedisNode, ...RedisNode[]];
  await Promise.all(replicas.map(({ admin }) => admin.replicaof('127.0.0.1', first.port)));
  await until('the replicas to follow', async () =>
    (await first.admin.info('replication')).includes('connected_slaves:2'),
  );

  const sentinelConfig = (port: number): string =>
    [
      ...[`port ${port}`, 'bind 127.0.0.1', `sentinel monitor ${masterName} 127.0.0.1 ${first.port} 2`],
      // A Sentinel connects to a server once a second: with less, it may believe that the new master of a failover is down.
      ...[`sentinel down-after-milliseconds ${masterName} 1500`, `sentinel failover-timeout ${masterName} 4000`, ''],
    ].join('\n');
  const sentinels = await Promise.all([0, 1, 2].map(() => RedisNode.start({ sentinelConfig })));
  const events = new EventEmitter();
  const subscribers = await Promise.all(
    sentinels.map(async ({ port }) => {
      const subscriber = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 50, maxRetriesPerRequest: null });
      subscriber.on('error', () => undefined);
      subscriber.on('message', () => events.emit('switched', now()));
      await subscriber.subscribe('+switch-master');
      return subscriber;
    }),
  );

  /** What a Sentinel reports about the master. */
  const fieldsOf = async ({ admin }: RedisNode): Promise<Fields> =>
    fieldsIn((await admin.call('SENTINEL', 'MASTER', masterName)) as string[]);
  const replicasOf = async ({ admin }: RedisNode): Promise<Fields[]> =>
    ((await admin.call('SENTINEL', 'REPLICAS', masterName)) as string[][]).map(fieldsIn);
  const world: Omit<SentinelWorld, 'sidecars'> = {
    nodes,
    sentinels,
    servers: [...nodes, ...sentinels],
    async master() {
      const port = Number((await fieldsOf(sentinels[0]!)).get('port'));
      return nodes.find((node) => node.port === port)!;
    },
    async failover() {
      // Fails while a failover is in progress, or if no replica is suitable.
      await sentinels[0]!.admin.call('SENTINEL', 'FAILOVER', masterName).catch(() => undefined);
    },
    async switched(timeoutMs) {
      const [at] = (await once(events, 'switched', { signal: AbortSignal.timeout(timeoutMs) })) as [Instant];
      return at;
    },
    slotOf: () => Promise.resolve(0),
    async settle() {
      await until('Sentinel to see a master with two replicas', async () => {
        const views = await Promise.all(sentinels.map(fieldsOf));
        const [port] = new Set(views.map((fields) => fields.get('port')));
        const master = nodes.find((node) => String(node.port) === port);
        const isCalm = views.every(
          (fields) =>
            fields.get('port') === port &&
            fields.get('flags') === 'master' &&
            fields.get('num-slaves') === '2' &&
            fields.get('num-other-sentinels') === '2',
        );
        if (!isCalm || master === undefined) return false;
        // A Sentinel that last saw a replica as a master makes it a replica again soon after its promotion. Redis 7.0 then has no
        // master for up to half a minute.
        const replicas = (await Promise.all(sentinels.map(replicasOf))).flat();
        if (!replicas.every((fields) => fields.get('role-reported') === 'slave')) return false;
        const replication = await master.admin.info('replication');
        return replication.includes('role:master') && (replication.match(/state=online/g) ?? []).length === 2;
      });
    },
    async stop() {
      for (const subscriber of subscribers) subscriber.disconnect();
      await Promise.all([...sentinels, ...nodes].map((node) => node.stop()));
    },
  };
  await world.settle();
  const addresses = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
  const settings = { REDIS_SENTINELS: addresses, REDIS_SENTINEL_MASTER: masterName };
  const sidecars = await Promise.all([0, 1].map((index) => Sidecar.start(index, setup, settings)));
  return {
    ...world,
    sidecars,
    async stop() {
      await Promise.all(sidecars.map((sidecar) => sidecar.stop()));
      await world.stop();
    },
  };
}
