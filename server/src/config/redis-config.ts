import type { RedisConfig } from './config';
import { redisLocations, settings, variableOf } from './settings';
import type { SettingValues } from './settings';
import type { SettingId } from '../setting-names';
import type { GivenSettings } from './sources';

/** The settings during validation; invalid ones have no value. */
interface Known {
  readonly values: Partial<SettingValues>;
  readonly has: (...ids: SettingId[]) => boolean;
  /** Their variables or flags, for messages. */
  readonly names: (...ids: SettingId[]) => string;
}

/** Problems with the Redis settings as a whole. */
export function redisClashes(values: Partial<SettingValues>, given: GivenSettings): string[] {
  const known: Known = {
    values,
    has: (...ids) => ids.every((id) => given.has(id)),
    names: (...ids) => ids.flatMap((id) => given.get(id)?.from ?? []).join(' and '),
  };
  const isUrlWrong = given.has('redisUrl') && values.redisUrl === undefined;
  return [
    ...checkLocation(known),
    ...checkReplication(known),
    ...(isUrlWrong ? [] : [...checkDuplicates(known), ...checkTls(known), ...checkCredentials(known)]),
  ];
}

function checkLocation({ values, has, names }: Known): string[] {
  const problems: string[] = [];
  const set = redisLocations.filter((id) => has(id));
  if (set.length > 1) problems.push(`${names(...set)}: Set only one; each is a location of Redis.`);
  if (set.length > 0 && !has('signingKeys')) {
    problems.push(
      `${variableOf(settings.signingKeys)}: Expected a key, got none. Sessions in Redis outlive this process, so their tokens must too. Make one with: session-sidecar secret new, or: openssl rand -base64 32`,
    );
  }
  if (set.length > 0 && values.testControl === true) {
    problems.push(
      `${names('testControl', ...set)}: Tests can control the memory store only. Turn the one off, or unset the location of Redis.`,
    );
  }
  if (has('redisClusterNodes') && (values.redisDb ?? 0) !== 0) {
    problems.push(`${names('redisClusterNodes', 'redisDb')}: A Redis Cluster only has database 0.`);
  }
  if (has('redisClusterNodes') && has('nearCacheBytes')) {
    problems.push(
      `${names('redisClusterNodes', 'nearCacheBytes')}: The near cache is not available with a Redis Cluster.`,
    );
  }
  return problems;
}

function checkReplication({ values, names }: Known): string[] {
  const { redisWaitReplicas = 0, redisWaitTimeoutMs = 0, redisCommandTimeoutMs = Infinity } = values;
  if (redisWaitReplicas === 0 || redisWaitTimeoutMs < redisCommandTimeoutMs) return [];
  const which = names('redisWaitTimeoutMs', 'redisCommandTimeoutMs');
  return [`${which}: Expected the replica timeout to be shorter than the command timeout.`];
}

/** Neither the URL nor the setting should silently win. */
function checkDuplicates({ values: { redisUrl: url }, has, names }: Known): string[] {
  const saidByUrl = { redisUsername: url?.username, redisPassword: url?.password, redisDb: url?.db } as const;
  return (Object.keys(saidByUrl) as (keyof typeof saidByUrl)[])
    .filter((id) => saidByUrl[id] !== undefined && has(id))
    .map((id) => `${names('redisUrl', id)}: Both set it; set only one.`);
}

function checkTls({ values: { redisUrl: url, redisTls }, has, names }: Known): string[] {
  const problems: string[] = [];
  if (url?.tls === true && redisTls === false)
    problems.push(`${names('redisUrl', 'redisTls')}: One turns TLS on, the other off.`);
  if (redisTls === true && url !== undefined && 'socketPath' in url.target) {
    problems.push(`${names('redisUrl', 'redisTls')}: TLS is not available over a Unix socket.`);
  }
  const files = (['redisTlsCaFile', 'redisTlsCertFile', 'redisTlsKeyFile'] as const).filter((id) => has(id));
  const isOff = has('redisTls') ? redisTls === false : url?.tls !== true;
  // Setting these suggests that an encrypted connection is expected.
  if (files.length > 0 && isOff && redisLocations.some((id) => has(id))) {
    problems.push(
      `${names(...files)}: No effect, because TLS is off. Turn it on with rediss:// or ${variableOf(settings.redisTls)}.`,
    );
  }
  if (has('redisTlsCertFile') !== has('redisTlsKeyFile')) {
    problems.push(
      `${[settings.redisTlsCertFile, settings.redisTlsKeyFile].map(variableOf).join(' and ')}: Set both or none.`,
    );
  }
  return problems;
}

/** With a user and without a password, ioredis would not log in at all. */
function checkCredentials({ values: { redisUrl: url }, has, names }: Known): string[] {
  const problems: string[] = [];
  const hasUser = has('redisUsername') || url?.username !== undefined;
  if (hasUser && !has('redisPassword') && url?.password === undefined) {
    const where = has('redisUsername') ? names('redisUsername') : names('redisUrl');
    problems.push(`${where}: Expected a password for the user; set ${variableOf(settings.redisPassword)}.`);
  }
  if (has('redisSentinelUsername') && !has('redisSentinelPassword')) {
    const password = variableOf(settings.redisSentinelPassword);
    problems.push(`${names('redisSentinelUsername')}: Expected a password for the user; set ${password}.`);
  }
  return problems;
}

/** @returns `undefined` if no setting locates Redis */
export function redisConfigOf(values: SettingValues): RedisConfig | undefined {
  const location = locationOf(values);
  if (location === undefined) return undefined;
  const { redisUrl: url, redisTlsCaFile: ca, redisTlsCertFile: cert, redisTlsKeyFile: key } = values;
  return {
    ...location,
    tls: (values.redisTls ?? url?.tls) ? { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) } : undefined,
    username: values.redisUsername ?? url?.username,
    password: values.redisPassword ?? url?.password,
    db: values.redisDb ?? url?.db ?? 0,
    commandTimeoutMs: values.redisCommandTimeoutMs,
    connectTimeoutMs: values.redisConnectTimeoutMs,
    maxSilenceMs: values.redisMaxSilenceMs,
    keyPrefix: values.redisKeyPrefix,
    expireKeys: values.redisTtl,
    replication:
      values.redisWaitReplicas === 0
        ? undefined
        : { replicas: values.redisWaitReplicas, timeoutMs: values.redisWaitTimeoutMs },
    nearCacheBytes: values.redisTtl ? values.nearCacheBytes : undefined,
  };
}

type RedisLocation = Pick<RedisConfig, 'mode' | 'nodes' | 'socketPath' | 'sentinel'>;

function locationOf(values: SettingValues): RedisLocation | undefined {
  const { redisUrl: url, redisClusterNodes: clusterNodes, redisSentinels: sentinels } = values;
  const nothing = { nodes: [], socketPath: undefined, sentinel: undefined };
  if (clusterNodes !== undefined) return { ...nothing, mode: 'cluster', nodes: clusterNodes };
  if (sentinels !== undefined) {
    const { redisSentinelMaster: master, redisSentinelUsername: username, redisSentinelPassword: password } = values;
    return { ...nothing, mode: 'sentinel', nodes: sentinels, sentinel: { master, username, password } };
  }
  if (url === undefined) return undefined;
  if ('socketPath' in url.target) return { ...nothing, mode: 'single', socketPath: url.target.socketPath };
  return { ...nothing, mode: 'single', nodes: [url.target] };
}

/** @returns why a setting of the store has no effect beside the others, or `undefined` if it has one */
export function unusedRedisReason(id: SettingId, given: GivenSettings): string | undefined {
  const hasRedis = redisLocations.some((location) => given.has(location));
  if (!hasRedis && (id.startsWith('redis') || id === 'nearCacheBytes' || id === 'encryptionKeys'))
    return 'no Redis is configured, so sessions are kept in memory';
  if (hasRedis && id === 'memoryStoreBytes') return 'sessions are kept in Redis';
  // Without TTLs, only Redis knows whether a session has ended.
  if (id === 'nearCacheBytes' && given.get('redisTtl')?.text === 'off')
    return `${variableOf(settings.redisTtl)} is off`;
  if (id === 'redisWaitTimeoutMs' && (given.get('redisWaitReplicas')?.text ?? '0') === '0')
    return `${variableOf(settings.redisWaitReplicas)} is 0`;
  if (id.startsWith('redisSentinel') && !given.has('redisSentinels'))
    return `${variableOf(settings.redisSentinels)} is not set`;
  return undefined;
}
