import slotOf from 'cluster-key-slot';
import { Cluster, Redis } from 'ioredis';
import { loadLiveConfig } from '../../config';
import type { Config, RedisConfig } from '../../config/config';
import { connectRedis } from '../../store/redis/connection/connect';
import type { RedisConnection } from '../../store/redis/connection/redis-connection';
import type { Invocation } from '../command';
import { connectOnce } from '../connection/connect-once';
import { serversOf } from '../connection/servers';
import type { Exit } from '../exit-codes';
import { checkClock, checkLatency, measure } from './checks/latency';
import { checkCluster } from './checks/cluster';
import { checkEncryption } from './checks/encryption';
import { checkEviction, checkMemory } from './checks/memory';
import { checkPermissions } from './checks/permissions';
import { checkPersistence } from './checks/persistence';
import { checkScripts } from './checks/scripts';
import { checkSentinels } from './checks/sentinels';
import { checkReplicas, checkRole, checkVersion } from './checks/server';
import { checkTracking } from './checks/tracking';
import { problem, unknown, warning } from './finding';
import type { Finding } from './finding';
import { probeKey } from './probe-key';
import { printFindings } from './report';
import { readConfig, readInfo } from './server-info';

export async function runDoctor(invocation: Invocation): Promise<Exit> {
  const { args, env, options, output, otherWords, readFile } = invocation;
  const { config, warnings, advise } = loadLiveConfig({ args, env, readFile, otherWords });
  const settings = warnings.map((text) => warning('settings', text, 'Correct the setting.'));
  const findings = [...settings, ...(await examine(config, advise))];
  const has = (status: Finding['status']): boolean => findings.some((finding) => finding.status === status);
  const failed = has('problem') || (options['strict'] === true && has('warning'));
  if (output.isJson) output.json({ healthy: !failed, findings });
  else printFindings(findings, output);
  return failed ? 'failed' : 'ok';
}

async function examine(config: Config, advise: Parameters<typeof connectOnce>[1]): Promise<Finding[]> {
  if (config.store.kind === 'memory') {
    return [
      warning(
        'store',
        "the sidecar's memory: a restart ends every session",
        'Set REDIS_URL to keep sessions in Redis.',
      ),
    ];
  }
  const { redis } = config.store;
  const client = await connectOnce(redis, advise, 'session-sidecar-doctor');
  const store = connectRedis(redis, { onReady: () => {}, onTrouble: () => {} });
  try {
    return [
      ...(redis.mode === 'sentinel' ? await checkSentinels(redis) : []),
      ...(client instanceof Cluster ? await checkCluster(client) : []),
      ...(await checkServers(client, store, config, redis)),
    ];
  } finally {
    store.close();
    client.disconnect();
  }
}

/** Each server that holds sessions. */
async function checkServers(
  client: Redis | Cluster,
  store: RedisConnection,
  config: Config,
  redis: RedisConfig,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const server of await serversOf(client)) {
    const name = client instanceof Cluster ? `${server.options.host}:${server.options.port}` : undefined;
    const ofServer = await checkServer(server, client, store, config, redis);
    findings.push(...ofServer.map((finding) => (name === undefined ? finding : { ...finding, server: name })));
  }
  return findings;
}

async function checkServer(
  server: Redis,
  client: Redis | Cluster,
  store: RedisConnection,
  config: Config,
  redis: RedisConfig,
): Promise<Finding[]> {
  const suits = (key: string): boolean => isOn(server, key, client);
  const key = probeKey(redis.keyPrefix, suits);
  const usesTracking = redis.mode !== 'cluster' && redis.expireKeys;
  const { username, keyPrefix } = redis;
  const { auditLog: keepsAuditLog, admin, encryptionKeys } = config;
  const servesAdmin = admin !== undefined;
  const waitsForReplicas = redis.replication !== undefined;
  const permissions = { key, keyPrefix, username, waitsForReplicas, usesTracking, keepsAuditLog, servesAdmin };
  const timing = await measure(server);
  return [
    ...(await checkInfo(server, redis)),
    checkLatency(timing, redis.commandTimeoutMs),
    checkClock(timing),
    await checkPermissions(server, permissions),
    (await isUsable(store, key, redis))
      ? await checkScripts(store, redis, config, suits)
      : problem('scripts', `no usable connection: ${reasonsOf(store)}`, 'See the checks above, and the log of Redis.'),
    ...(encryptionKeys === undefined ? [] : [await checkEncryption(server, keyPrefix, encryptionKeys)]),
    ...(usesTracking && client instanceof Redis ? [await trackingOf(client, redis, key)] : []),
  ];
}

async function checkInfo(server: Redis, redis: RedisConfig): Promise<Finding[]> {
  const info = await readInfo(server);
  if (info === undefined) {
    return [
      unknown(
        'INFO',
        'the user may not ask for it',
        'Give it +info, to examine version, role, memory and persistence.',
      ),
    ];
  }
  const found = [
    ...[checkVersion(info), checkRole(info), checkEviction(info, redis.expireKeys), checkMemory(info)],
    checkPersistence(info, await readConfig(server, 'save')),
  ];
  if (redis.mode === 'cluster' && redis.replication === undefined) return found;
  return [...found, checkReplicas(info, redis.replication?.replicas ?? 0)];
}

/** Whether a server of a Cluster holds a key. */
function isOn(server: Redis, key: string, client: Redis | Cluster): boolean {
  if (client instanceof Redis) return true;
  const [address] = client.slots[slotOf(key)] ?? [];
  return address === `${server.options.host}:${server.options.port}`;
}

async function trackingOf(data: Redis, redis: RedisConfig, key: string): Promise<Finding> {
  const writer = data.duplicate();
  writer.on('error', () => {});
  try {
    return await checkTracking(redis, data, writer, key);
  } finally {
    writer.disconnect();
  }
}

const pollMs = 20;

/** Another connection to the same server has just been made. */
const maxWaitMs = 5_000;

/** Waits until the connection that the store uses can send commands, and knows the server's clock. */
async function isUsable(store: RedisConnection, key: string, { connectTimeoutMs, commandTimeoutMs }: RedisConfig) {
  const givenUpAt = performance.now() + Math.min(maxWaitMs, 2 * (connectTimeoutMs + commandTimeoutMs));
  const canBeUsed = (): boolean => store.usable && store.serverOf(key)?.clock.isKnown === true;
  while (!canBeUsed() && performance.now() < givenUpAt) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return canBeUsed();
}

function reasonsOf({ parts }: RedisConnection): string {
  return parts.flatMap(({ reason }) => reason ?? []).join(', ');
}
