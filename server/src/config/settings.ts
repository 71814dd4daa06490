import {
  apiTokens,
  dataSchemaFile,
  duration,
  durationOrNever,
  encryptionKeys,
  fileMode,
  grpcAddresses,
  hostNames,
  integer,
  listenAddress,
  logLevels,
  nodes,
  onOff,
  oneOf,
  pemFile,
  plainText,
  secretText,
  signingKeys,
  size,
} from './values';
import { redisUrl } from './redis-url';
import { prefix, settingNames } from '../setting-names';
import type { SettingId } from '../setting-names';
import type { ValueKind } from './values';

export interface Setting<T> {
  /** Without prefix. */
  readonly name: string;
  readonly kind: ValueKind<T>;
  /** The default, as a user would write it. */
  readonly fallback?: string;
  /** What happens when it is not set and has no {@link fallback}. */
  readonly absent?: string;
  /**
   * Never printed, and not a flag, because every process of the machine can read a command line. May come from a file named by
   * `<name>_FILE`.
   */
  readonly secret?: true;
  readonly help: string;
}

/** All settings. docs/reference/configuration.md and --help are generated from this table. */
export const settings = {
  grpcAddresses: {
    name: settingNames.grpcAddresses,
    kind: grpcAddresses,
    fallback: '127.0.0.1:50051',
    help: 'Addresses that the gRPC server listens on.',
  },
  grpcSocketMode: {
    name: settingNames.grpcSocketMode,
    kind: fileMode,
    fallback: '0666',
    help: 'File mode of Unix sockets. Restricting access to their directory is usually the better way.',
  },
  grpcSocketOwner: {
    name: settingNames.grpcSocketOwner,
    kind: integer(0, 4_294_967_294),
    absent: 'the user of the process',
    help: 'Numeric user id that owns Unix sockets.',
  },
  grpcSocketGroup: {
    name: settingNames.grpcSocketGroup,
    kind: integer(0, 4_294_967_294),
    absent: 'the group of the process',
    help: 'Numeric group id of Unix sockets.',
  },
  listenTimeoutMs: {
    name: settingNames.listenTimeoutMs,
    kind: duration({ min: '0s', max: '1h' }),
    fallback: '5s',
    help: 'Maximum time to wait at start-up for another process to release a gRPC address. A sidecar closes its listeners as the first step of its shutdown, so its successor can be started before it exits.',
  },
  apiTokens: {
    name: settingNames.apiTokens,
    kind: apiTokens,
    absent: 'callers need no token',
    secret: true,
    help: 'Tokens that callers must send as metadata `authorization: Bearer <token>`; any one of them is accepted. Calls to grpc.health.v1 need none.',
  },
  reflection: {
    name: settingNames.reflection,
    kind: onOff,
    fallback: 'on',
    help: 'Whether to serve gRPC server reflection, which tools such as grpcurl use to list the RPCs.',
  },
  httpAddress: {
    name: settingNames.httpAddress,
    kind: listenAddress,
    fallback: ':9464',
    help: 'Address that serves /metrics, /livez and /readyz to Prometheus and the kubelet.',
  },
  httpMaxConnections: {
    name: settingNames.httpMaxConnections,
    kind: integer(8, 10_000),
    fallback: '128',
    help: 'Maximum number of connections to the HTTP port. Above it, the oldest connections are closed, those without a request first, so that probes are always served.',
  },
  inspectorAddress: {
    name: settingNames.inspectorAddress,
    kind: listenAddress,
    absent: 'no inspector',
    help: 'Address that serves the inspector, a status page with an API for the log level, to browsers and curl. It has no login, so it must be on loopback unless INSPECTOR_REMOTE is on.',
  },
  inspectorRemote: {
    name: settingNames.inspectorRemote,
    kind: onOff,
    fallback: 'off',
    help: 'Whether the inspector may listen on other addresses than loopback. Everyone who reaches it sees the configuration without secrets and can change the log level.',
  },
  inspectorHosts: {
    name: settingNames.inspectorHosts,
    kind: hostNames,
    absent: 'localhost and IP addresses only',
    help: 'Further host names by which the inspector may be opened. Requests to other names are refused, because web pages can send them by DNS rebinding.',
  },
  inspectorSubjects: {
    name: settingNames.inspectorSubjects,
    kind: onOff,
    fallback: 'off',
    help: 'Whether the inspector lists the sessions of a subject that its user names: handles, labels and times, never tokens or data.',
  },
  adminAddresses: {
    name: settingNames.adminAddresses,
    kind: grpcAddresses,
    absent: 'no administration service',
    help: 'Addresses that serve session.admin.v1, with which operators count, read and end the sessions of all visitors. One on TCP needs ADMIN_TOKENS. Applications must not reach them.',
  },
  adminTokens: {
    name: settingNames.adminTokens,
    kind: apiTokens,
    absent: 'callers on a Unix socket need no token',
    secret: true,
    help: 'Tokens that callers of session.admin.v1 must send as metadata `authorization: Bearer <token>`; any one of them is accepted. None of them may be in API_TOKENS.',
  },
  adminSocketMode: {
    name: settingNames.adminSocketMode,
    kind: fileMode,
    fallback: '0600',
    help: 'File mode of the Unix sockets in ADMIN_ADDRESS.',
  },
  logLevel: {
    name: settingNames.logLevel,
    kind: oneOf(...logLevels),
    fallback: 'info',
    help: 'Minimum log level.',
  },
  auditLog: {
    name: settingNames.auditLog,
    kind: onOff,
    fallback: 'off',
    help: 'Whether to log when sessions are created, get a new token and end: one line per event, whatever the log level and rate limit. Set it for all sidecars of a deployment, which together log each event once.',
  },
  eventRetentionMs: {
    name: settingNames.eventRetentionMs,
    kind: duration({ min: '30s', max: '7d' }),
    fallback: '1h',
    help: 'How long the events that WatchSessions reports are kept, so that a watcher that was away misses none. They are recorded only while something watches sessions, or has done so within this time. All sidecars of a deployment need the same value.',
  },
  logRateLimit: {
    name: settingNames.logRateLimit,
    kind: integer(1, 100_000),
    fallback: '10',
    help: 'Maximum number of log lines of one kind per 10 s. Further lines are counted, and the count is logged as `suppressed`. Lines at level debug are not limited.',
  },
  shutdownGraceMs: {
    name: settingNames.shutdownGraceMs,
    kind: duration({ min: '0s', max: '1h' }),
    fallback: '10s',
    help: 'Maximum time to drain calls in flight after SIGTERM. Keep it below terminationGracePeriodSeconds.',
  },
  exitOnStdinEnd: {
    name: settingNames.exitOnStdinEnd,
    kind: onOff,
    fallback: 'off',
    help: 'Whether to shut down, as after SIGTERM, when standard input ends. A process that starts the sidecar with a pipe as its standard input is never outlived by it, even if it is killed.',
  },

  idleTimeout: {
    name: settingNames.idleTimeout,
    kind: durationOrNever({ min: '1s', max: '3650d' }),
    fallback: '20m',
    help: 'Time after its last access at which a session expires, unless the session has its own idle timeout.',
  },
  touchInterval: {
    name: settingNames.touchInterval,
    kind: duration({ min: '0s', max: '3650d' }),
    absent: '10 % of the idle timeout, at most 60s',
    help: 'Minimum time between two recorded accesses; reads in between cost Redis no write. A session may outlive its idle timeout by up to this interval.',
  },
  maxLifetime: {
    name: settingNames.maxLifetime,
    kind: durationOrNever({ min: '1s', max: '3650d' }),
    fallback: 'never',
    help: 'Time after its creation at which a session expires, even if it is in use.',
  },
  maxSessionsPerSubject: {
    name: settingNames.maxSessionsPerSubject,
    kind: integer(0, 1000),
    fallback: '0',
    help: 'Maximum number of sessions that a subject has at a time. 0: any number. All sidecars of a deployment need the same value.',
  },
  subjectLimitAction: {
    name: settingNames.subjectLimitAction,
    kind: oneOf('end-oldest', 'refuse'),
    fallback: 'end-oldest',
    help: 'What happens when a session would be one more than MAX_SESSIONS_PER_SUBJECT: end-oldest ends the session of the subject that has not been used for longest, refuse rejects the call with TOO_MANY_SESSIONS.',
  },

  dataSchema: {
    name: settingNames.dataSchema,
    kind: dataSchemaFile,
    absent: 'data may be any JSON',
    help: 'JSON file with a JSON Schema (draft 2020-12) for the data of sessions: an object of all keys with their values. Changes that would violate it are rejected with SCHEMA_VIOLATION. All sidecars of a deployment need the same schema.',
  },
  maxSessionBytes: {
    name: settingNames.maxSessionBytes,
    kind: size({ min: '1KiB', max: '2MiB' }),
    fallback: '256KiB',
    help: 'Maximum size of a session: all its keys, values, flash queue names and flash messages.',
  },
  maxKeys: {
    name: settingNames.maxKeys,
    kind: integer(1, 100_000),
    fallback: '1000',
    help: 'Maximum number of keys per session.',
  },
  maxFlashMessages: {
    name: settingNames.maxFlashMessages,
    kind: integer(1, 100_000),
    fallback: '100',
    help: 'Maximum number of messages per flash queue.',
  },
  maxFlashQueues: {
    name: settingNames.maxFlashQueues,
    kind: integer(1, 1000),
    fallback: '100',
    help: 'Maximum number of non-empty flash queues per session.',
  },
  maxMutations: {
    name: settingNames.maxMutations,
    kind: integer(1, 10_000),
    fallback: '1000',
    help: 'Maximum number of mutations per request.',
  },
  maxReplyBytes: {
    name: settingNames.maxReplyBytes,
    kind: size({ min: '1KiB', max: '3MiB' }),
    absent: 'MAX_SESSION_SIZE, but at least 1MiB',
    help: 'Maximum size of the values and messages that one request returns as results. A larger session can still be returned.',
  },
  maxWorkBytes: {
    name: settingNames.maxWorkBytes,
    kind: size({ min: '1KiB', max: '16MiB' }),
    absent: 'MAX_SESSION_SIZE',
    help: 'Maximum number of bytes that the mutations of one request search or extend: the arrays of append, each counted once, and the flash queues that are searched for duplicates. A larger session can still be processed once. Processing blocks Redis for 20 to 130 ms per 256 KiB.',
  },

  maxConnections: {
    name: settingNames.maxConnections,
    kind: integer(1, 100_000),
    fallback: '1000',
    help: 'Maximum number of gRPC connections. At the limit, a new connection replaces one without calls in flight, or is closed. A low limit of open files lowers it.',
  },
  maxStreamsPerConnection: {
    name: settingNames.maxStreamsPerConnection,
    kind: integer(1, 100_000),
    fallback: '1000',
    help: 'Maximum number of open RPCs per gRPC connection. Clients wait before they open more.',
  },
  maxStreams: {
    name: settingNames.maxStreams,
    kind: integer(1, 1_000_000),
    fallback: '4000',
    help: 'Maximum number of open RPCs on all gRPC connections. At the limit, connections with more than an equal share get OVERLOADED.',
  },
  maxPipelines: {
    name: settingNames.maxPipelines,
    kind: integer(1, 1_000_000),
    fallback: '256',
    help: 'Maximum number of open pipelines, each an RPC of many calls, on all gRPC connections. A client opens one per connection. At the limit, connections with more than an equal share get OVERLOADED.',
  },
  maxWatchers: {
    name: settingNames.maxWatchers,
    kind: integer(1, 10_000),
    fallback: '64',
    help: 'Maximum number of open WatchSessions calls. Above it, they are rejected with OVERLOADED.',
  },
  maxCallsInFlight: {
    name: settingNames.maxCallsInFlight,
    kind: integer(1, 1_000_000),
    fallback: '2048',
    help: 'Maximum number of calls in flight, unary and pipelined. Further calls are queued; connections take turns, and some slots are reserved for connections with few calls.',
  },
  maxCallsPerStream: {
    name: settingNames.maxCallsPerStream,
    kind: integer(1, 100_000),
    fallback: '256',
    help: 'Maximum number of calls in flight per pipeline. Further calls are queued.',
  },
  maxQueueMs: {
    name: settingNames.maxQueueMs,
    kind: duration({ min: '1ms', max: '1h' }),
    fallback: '5s',
    help: 'Maximum time that a call may be queued before it is rejected with OVERLOADED. Its own deadline still applies.',
  },
  requestBufferBytes: {
    name: settingNames.requestBufferBytes,
    kind: size({ min: '4MiB', max: '16GiB' }),
    fallback: '32MiB',
    help: 'Maximum size of all requests that are being received or are queued. Above it, connections that hold more than an equal share get OVERLOADED.',
  },
  replyBufferBytes: {
    name: settingNames.replyBufferBytes,
    kind: size({ min: '4MiB', max: '16GiB' }),
    fallback: '16MiB',
    help: 'Maximum size of all replies that clients have not read. Above it, calls on connections that hold more than an equal share are queued, then rejected with OVERLOADED; a connection that reads nothing is closed.',
  },
  stallTimeoutMs: {
    name: settingNames.stallTimeoutMs,
    kind: duration({ min: '50ms', max: '1h' }),
    fallback: '5s',
    help: 'Maximum time for the handshake of a gRPC connection, and for a client to read nothing while the reply buffer is full; then the connection is closed. A request may take twice as long to arrive.',
  },
  keepaliveIntervalMs: {
    name: settingNames.keepaliveIntervalMs,
    kind: duration({ min: '50ms', max: '24h' }),
    fallback: '10s',
    help: 'How long a gRPC connection may be silent before it is pinged. The connection is closed when the ping is not answered within twice that time.',
  },

  signingKeys: {
    name: settingNames.signingKeys,
    kind: signingKeys,
    absent: 'required with Redis; the memory store uses a random one',
    secret: true,
    help: 'Keys that sign tokens: the first one signs, all of them verify. All sidecars of a deployment need the same keys. To rotate, append a new key, then move it to the front, then remove the old one when its tokens have expired.',
  },
  recordSigningKey: {
    name: settingNames.recordSigningKey,
    kind: onOff,
    fallback: 'off',
    help: 'Whether sessions record which key signed their token, as a fingerprint, so that an operator can end those of one key. Sidecars that do not know this setting cannot read such sessions, so update all of them first.',
  },

  encryptionKeys: {
    name: settingNames.encryptionKeys,
    kind: encryptionKeys,
    absent: 'sessions are not encrypted',
    secret: true,
    help: 'Keys that encrypt the contents of sessions in Redis: the first one encrypts, all of them decrypt. With `none` in front of the first one, they only decrypt. All sidecars of a deployment need the same keys. To rotate, append a new key, then move it to the front, then remove the old one when no session is encrypted with it any more.',
  },

  memoryStoreBytes: {
    name: settingNames.memoryStoreBytes,
    kind: size({ min: '1MiB', max: '64GiB' }),
    fallback: '48MiB',
    help: 'Maximum memory of the memory store, with 1 KiB of overhead for each session. When full, new sessions are rejected; stored ones are never evicted.',
  },
  testControl: {
    name: settingNames.testControl,
    kind: onOff,
    fallback: 'off',
    help: 'Whether the tests of an application may move the clock of the memory store and empty it. Then every caller may, without an API token. Not available with Redis.',
  },

  redisUrl: {
    name: settingNames.redisUrl,
    kind: redisUrl,
    absent: 'the variable REDIS_URL; without that, the memory store',
    secret: true,
    help: 'URL of the Redis that stores the sessions: redis://user:password@host:6379/0, rediss:// for TLS, or unix:///path/redis.sock?db=0.',
  },
  redisClusterNodes: {
    name: settingNames.redisClusterNodes,
    kind: nodes,
    absent: 'no Redis Cluster',
    help: 'Seed nodes of the Redis Cluster that stores the sessions, instead of REDIS_URL.',
  },
  redisSentinels: {
    name: settingNames.redisSentinels,
    kind: nodes,
    absent: 'no Sentinel',
    help: 'Sentinels of the Redis that stores the sessions, instead of REDIS_URL.',
  },
  redisSentinelMaster: {
    name: settingNames.redisSentinelMaster,
    kind: plainText('a name without spaces', /^\S+$/),
    fallback: 'mymaster',
    help: 'Name of the master that the Sentinels monitor.',
  },
  redisSentinelUsername: {
    name: settingNames.redisSentinelUsername,
    kind: plainText('a name without spaces', /^\S+$/),
    absent: 'none',
    help: 'ACL user for the Sentinels.',
  },
  redisSentinelPassword: {
    name: settingNames.redisSentinelPassword,
    kind: secretText,
    absent: 'none',
    secret: true,
    help: 'Password for the Sentinels.',
  },
  redisUsername: {
    name: settingNames.redisUsername,
    kind: plainText('a name without spaces', /^\S+$/),
    absent: 'the one in REDIS_URL',
    help: 'ACL user for Redis.',
  },
  redisPassword: {
    name: settingNames.redisPassword,
    kind: secretText,
    absent: 'the one in REDIS_URL',
    secret: true,
    help: 'Password for Redis.',
  },
  redisDb: {
    name: settingNames.redisDb,
    kind: integer(0, 65_535),
    absent: 'the one in REDIS_URL, or 0',
    help: 'Database number. A Redis Cluster only has database 0.',
  },
  redisTls: {
    name: settingNames.redisTls,
    kind: onOff,
    absent: 'on with rediss://, else off',
    help: 'TLS for connections to Redis and to Sentinels.',
  },
  redisTlsCaFile: {
    name: settingNames.redisTlsCaFile,
    kind: pemFile,
    absent: 'the certification authorities built into Node.js',
    help: 'PEM file with the certification authorities that may sign the certificate of Redis.',
  },
  redisTlsCertFile: {
    name: settingNames.redisTlsCertFile,
    kind: pemFile,
    absent: 'no client certificate',
    help: 'PEM file with the client certificate. Needs REDIS_TLS_KEY_FILE.',
  },
  redisTlsKeyFile: {
    name: settingNames.redisTlsKeyFile,
    kind: pemFile,
    absent: 'no client certificate',
    help: 'PEM file with the key of the client certificate.',
  },
  redisKeyPrefix: {
    name: settingNames.redisKeyPrefix,
    kind: plainText('1 to 100 printable ASCII characters other than space', /^[\x21-\x7e]{1,100}$/),
    fallback: 'session:',
    help: 'Prefix of the Redis keys of sessions; the handle of the session follows. Tokens do not contain it.',
  },
  redisTtl: {
    name: settingNames.redisTtl,
    kind: onOff,
    fallback: 'on',
    help: 'Whether Redis removes expired sessions. Off: keys have no TTL, and expired sessions stay until they are read or evicted (for maxmemory-policy allkeys-lru).',
  },
  redisCommandTimeoutMs: {
    name: settingNames.redisCommandTimeoutMs,
    kind: duration({ min: '1ms', max: '1m' }),
    fallback: '250ms',
    help: 'Time after which a call that waits for Redis fails with STORE_UNAVAILABLE.',
  },
  redisConnectTimeoutMs: {
    name: settingNames.redisConnectTimeoutMs,
    kind: duration({ min: '1ms', max: '1m' }),
    fallback: '500ms',
    help: 'Maximum time for an attempt to connect to Redis.',
  },
  redisMaxSilenceMs: {
    name: settingNames.redisMaxSilenceMs,
    kind: duration({ min: '10ms', max: '1m' }),
    fallback: '500ms',
    help: 'How long a connection to Redis may be silent while a command waits before it is replaced. A heartbeat four times a second detects dead connections without traffic.',
  },
  redisWaitReplicas: {
    name: settingNames.redisWaitReplicas,
    kind: integer(0, 100),
    fallback: '0',
    help: 'Number of replicas that must confirm a change before it is acknowledged (WAIT), so that it survives a failover to one of them. If too few confirm in time, the call fails with STORE_UNAVAILABLE although the change was applied.',
  },
  redisWaitTimeoutMs: {
    name: settingNames.redisWaitTimeoutMs,
    kind: duration({ min: '1ms', max: '1m' }),
    fallback: '100ms',
    help: 'Maximum time for replicas to confirm a change. Must be shorter than REDIS_COMMAND_TIMEOUT, because it blocks the connection to Redis.',
  },
  nearCacheBytes: {
    name: settingNames.nearCacheBytes,
    kind: size({ min: '1MiB', max: '64GiB' }),
    absent: 'none',
    help: 'Maximum size of a session cache in the sidecar, which answers most reads without Redis. A change through another sidecar becomes visible within milliseconds, after at most 1 s. Not available with a Redis Cluster. The ACL user needs +client|id, +client|tracking, +info, +ping, +subscribe and the channel __redis__:invalidate.',
  },
} as const satisfies Record<SettingId, Setting<unknown>>;

/** @returns the variable or flag that was set, else the variable that would set it. */
export type NameOf = (id: SettingId) => string;

export const entries = Object.entries(settings) as [SettingId, Setting<unknown>][];

/** The settings that locate Redis; at most one may be set. */
export const redisLocations = [
  'redisUrl',
  'redisClusterNodes',
  'redisSentinels',
] as const satisfies readonly SettingId[];

type Parsed<S> = S extends { readonly kind: ValueKind<infer T> } ? T : never;

/** The values of all settings; `undefined` where one is not set and has no default. */
export type SettingValues = {
  readonly [K in SettingId]: (typeof settings)[K] extends { readonly fallback: string }
    ? Parsed<(typeof settings)[K]>
    : Parsed<(typeof settings)[K]> | undefined;
};

/** The environment variable of a setting. */
export function variableOf({ name }: Setting<unknown>): string {
  return prefix + name;
}

/** The flag of a setting, without dashes in front; `undefined`: it has none. */
export function flagOf(setting: Setting<unknown>): string | undefined {
  return setting.secret ? undefined : nameAsFlag(setting);
}

export function nameAsFlag({ name }: Setting<unknown>): string {
  return name.toLowerCase().replaceAll('_', '-');
}
