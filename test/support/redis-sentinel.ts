import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { until } from './poll';
import { freePort } from './free-port';
import type { RedisServer } from './redis';

/** A Sentinel that monitors a master by the name `mymaster`. */
export interface Sentinel {
  readonly port: number;
  readonly process: ChildProcess;
  /** A connection for the test's own commands. */
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
    'Sentinel to discover a replica',
    async () => ((await admin.call('SENTINEL', 'REPLICAS', 'mymaster')) as unknown[]).length > 0,
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
