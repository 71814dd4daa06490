import { ConfigError } from './config';
import type { Config } from './config';
import { places, redisClashes, redisConfigOf } from './redis-config';
import { variableOf } from './settings';
import type { SettingId, SettingValues } from './settings';
import { collect, entries } from './sources';
import type { Given, Sources } from './sources';
import { ValueError } from './values';

export interface Loaded {
  readonly config: Config;
  readonly warnings: readonly string[];
  /** Every setting that is in force, as text, by variable. Secrets only say that they are set. */
  readonly effective: Readonly<Record<string, string>>;
}

/** @throws ConfigError with everything that is wrong. */
export function loadConfig(sources: Sources): Loaded {
  const collected = collect(sources);
  const { given, ambient } = withAmbientRedisUrl(collected.given, sources.env);
  const problems = [...collected.problems];
  const values = parseAll(given, problems);
  problems.push(...redisClashes(given));
  const redis = values === undefined ? undefined : redisConfigOf(values, given, sources, problems);
  if (values === undefined || problems.length > 0) throw new ConfigError(problems);

  const { grpcAddresses, httpAddress, logLevel, shutdownGraceMs, signingKeys } = values;
  const { idleTimeout, touchInterval, maxLifetime, maxSessionBytes, maxKeys, maxFlashMessages } = values;
  return {
    config: {
      grpcAddresses,
      httpAddress,
      logLevel,
      shutdownGraceMs,
      signingKeys,
      expiry: { idleTimeout, touchInterval, maxLifetime },
      limits: { maxSessionBytes, maxKeys, maxFlashMessages },
      store: redis === undefined ? { kind: 'memory', maxBytes: values.memoryStoreBytes } : { kind: 'redis', redis },
    },
    warnings: [...collected.warnings, ...ambient, ...withoutEffect(given)],
    effective: effectiveOf(given),
  };
}

/** Platforms inject REDIS_URL. It counts where no setting of our own says where Redis is. */
function withAmbientRedisUrl(given: ReadonlyMap<SettingId, Given>, env: Sources['env']) {
  const text = env['REDIS_URL'];
  if (text === undefined || text === '') return { given, ambient: [] };
  const ownPlace = places.map((id) => given.get(id)).find((own) => own !== undefined);
  if (ownPlace !== undefined) return { given, ambient: [`REDIS_URL is set, but not used because ${ownPlace.from} is.`] };
  return { given: new Map([...given, ['redisUrl', { text, from: 'REDIS_URL' }] as const]), ambient: [] };
}

function parseAll(given: ReadonlyMap<SettingId, Given>, problems: string[]): SettingValues | undefined {
  let complete = true;
  const values = entries.map(([id, { kind, fallback }]) => {
    const { text = fallback, from = '' } = given.get(id) ?? {};
    if (text === undefined) return [id, undefined];
    try {
      return [id, kind.parse(text)];
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      complete = false;
      // Kinds of secrets name what is wrong without repeating it.
      problems.push(`${from}: ${error.message}`);
      return [id, undefined];
    }
  });
  return complete ? (Object.fromEntries(values) as SettingValues) : undefined;
}

/** Somebody who sets these believes that sessions are somewhere else than they are. */
function withoutEffect(given: ReadonlyMap<SettingId, Given>): string[] {
  const hasRedis = places.some((id) => given.has(id));
  return [...given].flatMap(([id, { from }]) => {
    if (!hasRedis && id.startsWith('redis')) return [`${from} has no effect: nothing says where Redis is, so sessions are kept in memory.`];
    if (hasRedis && id === 'memoryStoreBytes') return [`${from} has no effect: sessions are kept in Redis.`];
    return [];
  });
}

function effectiveOf(given: ReadonlyMap<SettingId, Given>): Record<string, string> {
  return Object.fromEntries(
    entries.flatMap(([id, setting]) => {
      const text = given.get(id)?.text ?? setting.fallback;
      return text === undefined ? [] : [[variableOf(setting), setting.secret ? '(set)' : text]];
    }),
  );
}
