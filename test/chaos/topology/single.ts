import { until } from '../../support/poll';
import type { RecordedWorld } from './records';
import { RedisNode } from './redis-node';
import type { RedisNodeOptions } from './redis-node';
import { Sidecar } from './sidecar';
import type { SidecarSetup } from './sidecar';
import { TcpProxy } from '../../support/tcp-proxy';
import type { World } from './world';

export interface SingleWorld extends RecordedWorld {
  readonly redis: RedisNode;
}

/** One Redis, to which one sidecar connects over TCP and the other over the Unix socket. */
export async function startSingle(setup: SidecarSetup, options: RedisNodeOptions): Promise<SingleWorld> {
  const redis = await RedisNode.start(options);
  const sidecars = await Promise.all([
    Sidecar.start(0, setup, { REDIS_URL: redis.url }),
    Sidecar.start(1, setup, { REDIS_URL: `unix://${redis.socketPath}` }),
  ]);
  return {
    redis,
    sidecars,
    servers: [redis],
    nodes: [redis],
    master: () => Promise.resolve(redis),
    slotOf: () => Promise.resolve(0),
    settle: () => Promise.resolve(),
    stop: async () => {
      await Promise.all(sidecars.map((sidecar) => sidecar.stop()));
      await redis.stop();
    },
  };
}

export interface ProxiedWorld extends World {
  /** The server that accepts writes. */
  master: RedisNode;
  /** Follows the master. */
  replica: RedisNode;
  /** The proxies between sidecars and Redis, by the name of the sidecar. */
  readonly redisProxies: ReadonlyMap<string, TcpProxy>;
}

/** A Redis with a replica that can take over its fixed address, and proxies in front of Redis and of the sidecars. */
export async function startProxied(setup: SidecarSetup): Promise<ProxiedWorld> {
  const args = ['--appendonly', 'no', '--repl-diskless-sync-delay', '0'];
  const [master, replica] = await Promise.all([RedisNode.start({ args }), RedisNode.start({ args })]);
  await replica.admin.replicaof('127.0.0.1', master.port);
  const redisProxies = new Map<string, TcpProxy>();
  const sidecars = await Promise.all(
    [0, 1].map(async (index) => {
      const proxy = await TcpProxy.start({ host: '127.0.0.1', port: master.port });
      const url = 'port' in proxy.listensAt ? `redis://127.0.0.1:${proxy.listensAt.port}` : '';
      const sidecar = await Sidecar.start(index, { ...setup, clientProxy: true }, { REDIS_URL: url });
      redisProxies.set(sidecar.name, proxy);
      return sidecar;
    }),
  );
  const world: ProxiedWorld = {
    master,
    replica,
    redisProxies,
    sidecars,
    servers: [master, replica],
    slotOf: () => Promise.resolve(0),
    async settle() {
      const isFollowing = async (): Promise<boolean> =>
        (await world.replica.admin.info('replication')).includes('master_link_status:up');
      await until('the replica to follow', isFollowing);
    },
    async stop() {
      await Promise.all(sidecars.map((sidecar) => sidecar.stop()));
      await Promise.all([...redisProxies.values()].map((proxy) => proxy.stop()));
      await Promise.all([master.stop(), replica.stop()]);
    },
  };
  return world;
}
