import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './free-port';
import { until } from './poll';

/** A redis-server on a free port, in an empty directory that {@link stop} removes. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  readonly socketPath: string;
  readonly directory: string;
  readonly process: ChildProcess;
  /** A connection for the test's own commands. {@link stop} closes it. */
  readonly admin: Redis;
  /** Stops answering without closing connections, like a hung server. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  /** Default: a free port. */
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

/** Starts a replica, and waits until it has caught up with its master. */
export async function startReplica({ port }: RedisServer): Promise<RedisServer> {
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(port)] });
  await untilInSync(replica);
  return replica;
}

export async function untilInSync({ admin }: RedisServer): Promise<void> {
  await until('the replica to be in step', async () =>
    (await admin.info('replication')).includes('master_link_status:up'),
  );
}
