import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { until } from './poll';

/** A redis-server of a test's own: a free port, an empty directory, nothing left behind. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  readonly socketPath: string;
  readonly directory: string;
  readonly process: ChildProcess;
  /** A connection for looking at what is stored. Closed by {@link stop}. */
  readonly admin: Redis;
  /** Stops answering without closing connections, like a server that hangs. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  /** To start on the port of one that was stopped. */
  readonly port?: number;
  /** More command line arguments. */
  readonly args?: readonly string[];
}

export async function startRedis({ port, args = [] }: RedisServerOptions = {}): Promise<RedisServer> {
  const chosenPort = port ?? (await freePort());
  const directory = mkdtempSync(join(tmpdir(), 'session-sidecar-redis-'));
  const socketPath = join(directory, 'redis.sock');
  const child = spawn(
    'redis-server',
    [
      ...['--port', String(chosenPort), '--bind', '127.0.0.1', '--dir', directory, '--unixsocket', socketPath],
      ...['--save', '', '--appendonly', 'no', '--loglevel', 'warning', ...args],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const stopped = once(child, 'exit');
  const admin = new Redis({
    path: socketPath,
    lazyConnect: true,
    retryStrategy: () => 20,
    maxRetriesPerRequest: null,
    disconnectTimeout: 1,
  });
  admin.on('error', () => undefined);
  await until('redis-server to answer', () =>
    admin.ping().then(
      () => true,
      () => false,
    ),
  );
  return {
    port: chosenPort,
    url: `redis://127.0.0.1:${chosenPort}`,
    socketPath,
    directory,
    process: child,
    admin,
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    stop: async () => {
      admin.disconnect();
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await stopped;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A Sentinel of a test's own, which knows a master as `mymaster`. */
export interface Sentinel {
  readonly port: number;
  readonly process: ChildProcess;
  /** A connection for asking and telling it things. */
  readonly admin: Redis;
  stop(): Promise<void>;
}

/** @param quorum how many Sentinels must agree that the master is down */
export async function startSentinel(master: RedisServer, quorum = 1): Promise<Sentinel> {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'session-sidecar-sentinel-'));
  const configuration = join(directory, 'sentinel.conf');
  writeFileSync(
    configuration,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${directory}`,
      `sentinel monitor mymaster 127.0.0.1 ${master.port} ${quorum}`,
      'sentinel down-after-milliseconds mymaster 500',
      'sentinel failover-timeout mymaster 2000',
    ].join('\n'),
  );
  const child = spawn('redis-server', [configuration, '--sentinel'], { stdio: 'ignore' });
  const stopped = once(child, 'exit');
  const admin = new Redis({
    ...{ host: '127.0.0.1', port, disconnectTimeout: 1 },
    ...{ retryStrategy: () => 20, maxRetriesPerRequest: null },
  });
  admin.on('error', () => undefined);
  await until(
    'Sentinel to know a replica',
    async () => ((await admin.call('SENTINEL', 'REPLICAS', 'mymaster')) as unknown[]).length > 0,
    30_000,
  );
  return {
    port,
    process: child,
    admin,
    stop: async () => {
      admin.disconnect();
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await stopped;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A real Redis Cluster of three masters on loopback. */
export interface RedisCluster {
  /** The masters. */
  readonly nodes: readonly RedisServer[];
  /** One for each master, in the same order, or none. */
  readonly replicas: readonly RedisServer[];
  stop(): Promise<void>;
}

export async function startRedisCluster({ withReplicas = false } = {}): Promise<RedisCluster> {
  // On a busy machine, masters that are slow must not be taken for dead where none is to be replaced.
  const nodeTimeoutMs = withReplicas ? 2_000 : 60_000;
  const nodes = await Promise.all([0, 1, 2].map(() => startClusterNode(nodeTimeoutMs)));
  const [first] = nodes;
  const slots = 16_384;
  await Promise.all(
    nodes.map(async ({ admin }, index) => {
      const from = Math.ceil((index * slots) / nodes.length);
      const to = Math.ceil(((index + 1) * slots) / nodes.length) - 1;
      await admin.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
      await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
      if (first !== undefined && index > 0) {
        await admin.call('CLUSTER', 'MEET', '127.0.0.1', first.port, first.port + busPortOffset);
      }
    }),
  );
  await until('the cluster to form', async () => {
    const infos = await Promise.all(nodes.map(({ admin }) => admin.call('CLUSTER', 'INFO')));
    return infos.every(
      (info) => String(info).includes('cluster_state:ok') && String(info).includes('cluster_known_nodes:3'),
    );
  });
  const replicas = withReplicas ? await Promise.all(nodes.map((node) => startClusterReplica(node, nodeTimeoutMs))) : [];
  return {
    nodes,
    replicas,
    stop: async () => {
      await Promise.all([...nodes, ...replicas].map((node) => node.stop()));
    },
  };
}

const busPortOffset = 10_000;

async function startClusterNode(nodeTimeoutMs: number): Promise<RedisServer> {
  const port = await freePort((candidate) => candidate + busPortOffset < 65_536);
  return startRedis({
    port,
    args: [
      '--cluster-enabled',
      'yes',
      '--cluster-node-timeout',
      String(nodeTimeoutMs),
      '--cluster-announce-ip',
      '127.0.0.1',
    ],
  });
}

async function startClusterReplica(master: RedisServer, nodeTimeoutMs: number): Promise<RedisServer> {
  const replica = await startClusterNode(nodeTimeoutMs);
  const id = String(await master.admin.call('CLUSTER', 'MYID'));
  await replica.admin.call('CLUSTER', 'MEET', '127.0.0.1', master.port, master.port + busPortOffset);
  await until('the replica to know its master', () =>
    replica.admin.call('CLUSTER', 'REPLICATE', id).then(
      () => true,
      () => false,
    ),
  );
  await until('the replica to be in step', async () =>
    (await replica.admin.info('replication')).includes('master_link_status:up'),
  );
  await until('the cluster to know the replica', async () =>
    String(await master.admin.call('CLUSTER', 'NODES')).includes(`:${replica.port}@`),
  );
  return replica;
}

export async function freePort(suits: (port: number) => boolean = () => true): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    if (suits(port)) return port;
  }
}
