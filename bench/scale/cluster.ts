import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processTimeoutMs } from '../src/children';
import { startRedis } from '../src/processes';
import type { RedisServer } from '../src/processes';

/** Redis servers that store the same sessions. */
export interface RedisDeployment {
  readonly masters: readonly RedisServer[];
  /** One for each master. */
  readonly replicas: readonly RedisServer[];
  readonly isCluster: boolean;
  stop(): Promise<void>;
}

export async function startSingle(): Promise<RedisDeployment> {
  const master = await startRedis();
  const replica = await startRedis(['--replicaof', '127.0.0.1', String(master.port)]);
  await until(async () => (await replica.admin.info('replication')).includes('master_link_status:up'));
  return { masters: [master], replicas: [replica], isCluster: false, stop: () => stopAll([replica, master]) };
}

/** Three masters, each with a replica. */
export async function startCluster(): Promise<RedisDeployment> {
  const directory = mkdtempSync(join(tmpdir(), 'session-sidecar-scale-'));
  const nodes: RedisServer[] = [];
  for (let n = 0; n < 6; n++) {
    // Each node stores its view of the Cluster in a file.
    const file = join(directory, `nodes-${n}.conf`);
    nodes.push(await startRedis(['--cluster-enabled', 'yes', '--cluster-config-file', file]));
  }
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  const create = ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes'];
  execFileSync('redis-cli', create, { stdio: ['ignore', 'ignore', 'inherit'] });
  await until(async () => {
    const states = await Promise.all(nodes.map(({ admin }) => admin.call('CLUSTER', 'INFO')));
    return states.every((state) => String(state).includes('cluster_state:ok'));
  });
  const roles = await Promise.all(nodes.map(async ({ admin }) => ((await admin.call('ROLE')) as [string])[0]));
  return {
    masters: nodes.filter((_, n) => roles[n] === 'master'),
    replicas: nodes.filter((_, n) => roles[n] === 'slave'),
    isCluster: true,
    async stop() {
      await stopAll(nodes);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function stopAll(servers: readonly RedisServer[]): Promise<void> {
  for (const server of servers) await server.stop();
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + processTimeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('The Redis servers did not find each other.');
    await delay(50);
  }
}
