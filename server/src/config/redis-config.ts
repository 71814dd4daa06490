import type { RedisConfig } from './config';
import { settings, variableOf } from './settings';
import type { SettingId, SettingValues } from './settings';
import type { Given, Sources } from './sources';

type GivenSettings = ReadonlyMap<SettingId, Given>;

/** The settings that say where Redis is: one of them at most. */
export const places = ['redisUrl', 'redisClusterNodes', 'redisSentinels'] as const satisfies readonly SettingId[];

/** What is wrong with the settings about Redis together, whatever their values are. */
export function redisClashes(given: GivenSettings): string[] {
  const problems: string[] = [];
  const set = places.flatMap((id) => given.get(id)?.from ?? []);
  if (set.length > 1) problems.push(`${set.join(' and ')}: Set only one; each says where Redis is.`);
  if (given.has('redisTlsCertFile') !== given.has('redisTlsKeyFile')) {
    const names = [settings.redisTlsCertFile, settings.redisTlsKeyFile].map(variableOf);
    problems.push(`${names.join(' and ')}: Set both or none.`);
  }
  if (set.length > 0 && !given.has('signingKeys')) {
    problems.push(
      `${variableOf(settings.signingKeys)}: Expected a key, got none. Sessions in Redis outlive this process, so their tokens must too. Make one with: openssl rand -base64 32`,
    );
  }
  return problems;
}

/** @returns `undefined` when nothing says where Redis is. */
export function redisConfigOf(
  values: SettingValues,
  given: GivenSettings,
  { readFile }: Sources,
  problems: string[],
): RedisConfig | undefined {
  const { redisUrl: url, redisClusterNodes: clusterNodes, redisSentinels: sentinels } = values;
  if (!places.some((id) => given.has(id))) return undefined;
  problems.push(...saidTwice(values, given));
  const db = values.redisDb ?? url?.db ?? 0;
  if (clusterNodes !== undefined && db !== 0) {
    problems.push(`${given.get('redisDb')?.from ?? ''}: Expected 0, got \`${db}\`. A Redis Cluster has no other database.`);
  }
  const pem = (id: 'redisTlsCaFile' | 'redisTlsCertFile' | 'redisTlsKeyFile'): Buffer | undefined => {
    const path = values[id];
    if (path === undefined) return undefined;
    try {
      return readFile(path);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      problems.push(`${given.get(id)?.from ?? ''}: Cannot read the file \`${path}\` (${code}).`);
      return undefined;
    }
  };
  const [ca, cert, key] = [pem('redisTlsCaFile'), pem('redisTlsCertFile'), pem('redisTlsKeyFile')];
  const target = url?.target;
  const isSocket = target !== undefined && 'socketPath' in target;
  return {
    mode: clusterNodes !== undefined ? 'cluster' : sentinels !== undefined ? 'sentinel' : 'single',
    nodes: clusterNodes ?? sentinels ?? (target === undefined || isSocket ? [] : [target]),
    socketPath: isSocket ? target.socketPath : undefined,
    tls: (values.redisTls ?? url?.tls) ? { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) } : undefined,
    username: values.redisUsername ?? url?.username,
    password: values.redisPassword ?? url?.password,
    db,
    sentinel: {
      master: values.redisSentinelMaster,
      username: values.redisSentinelUsername,
      password: values.redisSentinelPassword,
    },
    commandTimeoutMs: values.redisCommandTimeoutMs,
    connectTimeoutMs: values.redisConnectTimeoutMs,
    keyPrefix: values.redisKeyPrefix,
    expireKeys: values.redisTtl,
  };
}

/** Neither the URL nor the setting could be right to win. */
function saidTwice({ redisUrl: url }: SettingValues, given: GivenSettings): string[] {
  const parts = { redisUsername: url?.username, redisPassword: url?.password, redisDb: url?.db } as const;
  return (Object.keys(parts) as (keyof typeof parts)[])
    .filter((id) => parts[id] !== undefined && given.has(id))
    .map((id) => `${given.get('redisUrl')?.from ?? ''} and ${given.get(id)?.from ?? ''}: Both say it; set only one.`);
}
