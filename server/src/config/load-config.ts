import type { Limits } from '../session/limits';
import type { SubjectLimit } from '../session/subject-limit';
import { adminConfigOf, adminProblems, unusedAdminReason } from './admin-config';
import { ConfigError } from './config';
import type { Config, GrpcConfig, MemoryStoreConfig } from './config';
import { inspectorConfigOf, inspectorProblems, unusedInspectorReason } from './inspector-config';
import { redisAdvice } from './redis-advice';
import { redisClashes, redisConfigOf, unusedRedisReason } from './redis-config';
import { reportSettings } from './setting-report';
import type { SettingReport } from './setting-report';
import { contradictions } from './setting-warnings';
import { entries, settings, variableOf } from './settings';
import type { NameOf, SettingValues } from './settings';
import type { SettingId } from '../setting-names';
import { collect } from './sources';
import type { GivenSettings, Sources } from './sources';
import { loadTracing } from './tracing-config';
import { effectiveTracing, reportTracing } from './tracing-report';
import { fileKinds, inFile, ValueError } from './values';
import type { ReadFile } from './values';

export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly string[];
  /** Every effective setting, as text, by variable. For secrets, only that they are set. */
  readonly effective: Readonly<Record<string, string>>;
  /** Every setting with its value and where that comes from. */
  readonly report: readonly SettingReport[];
  /** The variable or flag that a setting comes from, for messages. */
  readonly nameOf: NameOf;
  /** Advice about an error of the Redis connection; `undefined` if there is none. */
  readonly advise: (error: Error) => string | undefined;
  /** The files that were read. */
  readonly files: readonly SettingFile[];
}

/** A file that holds the value of a setting. */
export interface SettingFile {
  /** The variable or flag that names it. */
  readonly from: string;
  readonly path: string;
}

/** @throws ConfigError with everything that is wrong. */
export function loadConfig(sources: Sources): LoadedConfig {
  const collected = collect(sources);
  const { given } = collected;
  const parsed = parseAll(given, sources.readFile);
  const { tracing, ...aboutTracing } = loadTracing(sources);
  const problems = [
    ...collected.problems,
    ...parsed.problems,
    ...redisClashes(parsed.values, given),
    ...inspectorProblems(parsed.values, given),
    ...adminProblems(parsed.values, given),
    ...aboutTracing.problems,
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  // Without problems, every setting with a default has a value.
  const values = parsed.values as SettingValues;
  const nameOf: NameOf = (id) => given.get(id)?.from ?? variableOf(settings[id]);
  const isTraced = tracing !== undefined;
  return {
    config: { ...configOf(values), tracing },
    warnings: [
      ...collected.warnings,
      ...unusedSettings(given),
      ...contradictions(values, given),
      ...aboutTracing.warnings,
    ],
    effective: { ...effectiveOf(given), ...effectiveTracing(sources.env, isTraced) },
    report: [
      ...reportSettings(given, values, (id) => unusedReason(id, given)),
      ...reportTracing(sources.env, isTraced),
    ],
    nameOf,
    advise: (error) => redisAdvice(error, nameOf, (id) => given.has(id)),
    files: filesOf(given),
  };
}

/** @returns the values that could be parsed, and the problems of the others */
function parseAll(given: GivenSettings, readFile: ReadFile): { values: Partial<SettingValues>; problems: string[] } {
  const values: Partial<Record<SettingId, unknown>> = {};
  const problems: string[] = [];
  for (const [id, { kind, fallback }] of entries) {
    const { text = fallback, from = '', isPath = false } = given.get(id) ?? {};
    if (text === undefined) continue;
    try {
      values[id] = (isPath ? inFile(kind) : kind).parse(text, readFile);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      problems.push(`${from}: ${error.message}`);
    }
  }
  return { values: values as Partial<SettingValues>, problems };
}

function configOf(values: SettingValues): Omit<Config, 'tracing'> {
  const { grpcAddresses, httpAddress, httpMaxConnections, logLevel, logRateLimit } = values;
  const { shutdownGraceMs, exitOnStdinEnd, signingKeys, encryptionKeys, auditLog, eventRetentionMs } = values;
  const { idleTimeout, touchInterval, maxLifetime } = values;
  const redis = redisConfigOf(values);
  return {
    grpcAddresses,
    grpc: grpcConfigOf(values),
    httpAddress,
    httpMaxConnections,
    inspector: inspectorConfigOf(values),
    admin: adminConfigOf(values),
    logLevel,
    logRateLimit,
    auditLog,
    eventRetentionMs,
    shutdownGraceMs,
    exitOnStdinEnd,
    signingKeys,
    recordSigningKey: values.recordSigningKey,
    encryptionKeys,
    expiry: { idleTimeout, touchInterval, maxLifetime },
    dataRule: values.dataSchema,
    limits: limitsOf(values),
    subjectLimit: subjectLimitOf(values),
    store: redis === undefined ? memoryStoreConfigOf(values) : { kind: 'redis', redis },
  };
}

function memoryStoreConfigOf({ memoryStoreBytes: maxBytes, testControl }: SettingValues): MemoryStoreConfig {
  return { kind: 'memory', maxBytes, testControl };
}

function grpcConfigOf(values: SettingValues): GrpcConfig {
  const { listenTimeoutMs, reflection, apiTokens } = values;
  return {
    socketAccess: { mode: values.grpcSocketMode, owner: values.grpcSocketOwner, group: values.grpcSocketGroup },
    listenTimeoutMs,
    reflection,
    apiTokens,
    limits: {
      connections: values.maxConnections,
      streamsPerConnection: values.maxStreamsPerConnection,
      streams: values.maxStreams,
      pipelines: values.maxPipelines,
      watchers: values.maxWatchers,
      callsInFlight: values.maxCallsInFlight,
      callsPerStream: values.maxCallsPerStream,
      queueMs: values.maxQueueMs,
      requestBytes: values.requestBufferBytes,
      replyBytes: values.replyBufferBytes,
      stallMs: values.stallTimeoutMs,
      keepaliveMs: values.keepaliveIntervalMs,
    },
  };
}

const mebibyte = 1024 * 1024;

function limitsOf(values: SettingValues): Limits {
  const { maxSessionBytes, maxKeys, maxFlashMessages, maxFlashQueues, maxMutations } = values;
  return {
    ...{ maxSessionBytes, maxKeys, maxFlashMessages, maxFlashQueues, maxMutations },
    maxReplyBytes: values.maxReplyBytes ?? Math.max(maxSessionBytes, mebibyte),
    maxWorkBytes: values.maxWorkBytes ?? maxSessionBytes,
  };
}

function subjectLimitOf({ maxSessionsPerSubject, subjectLimitAction }: SettingValues): SubjectLimit | undefined {
  if (maxSessionsPerSubject === 0) return undefined;
  return { maxSessions: maxSessionsPerSubject, action: subjectLimitAction };
}

/** @returns why a setting has no effect beside the others, or `undefined` if it has one */
function unusedReason(id: SettingId, given: GivenSettings): string | undefined {
  if (id === 'subjectLimitAction' && (given.get('maxSessionsPerSubject')?.text ?? '0') === '0')
    return `${variableOf(settings.maxSessionsPerSubject)} is 0`;
  return unusedRedisReason(id, given) ?? unusedInspectorReason(id, given) ?? unusedAdminReason(id, given);
}

/** Settings that were set and have no effect, most likely by mistake. */
function unusedSettings(given: GivenSettings): string[] {
  return [...given].flatMap(([id, { from }]) => {
    const why = unusedReason(id, given);
    return why === undefined ? [] : [`${from} has no effect: ${why}.`];
  });
}

function effectiveOf(given: GivenSettings): Record<string, string> {
  return Object.fromEntries(
    entries.flatMap(([id, setting]) => {
      const text = given.get(id)?.text ?? setting.fallback;
      if (text === undefined || unusedReason(id, given) !== undefined) return [];
      return [[variableOf(setting), setting.secret ? '(set)' : text]];
    }),
  );
}

function filesOf(given: GivenSettings): SettingFile[] {
  return [...given].flatMap(([id, { text, from, isPath }]) =>
    isPath || fileKinds.has(settings[id].kind) ? [{ from, path: text }] : [],
  );
}
