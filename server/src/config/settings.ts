import {
  apiTokens,
  duration,
  durationOrNever,
  fileMode,
  grpcAddresses,
  integer,
  listenAddress,
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
import type { ValueKind } from './values';

export interface Setting<T> {
  /** Without {@link prefix}. */
  readonly name: string;
  readonly kind: ValueKind<T>;
  /** The default, as a user would write it. */
  readonly fallback?: string;
  /** What happens when it is not set and has no {@link fallback}. */
  readonly absent?: string;
  /**
   * Never printed, never a flag, since every process of the machine can read a command line. May come from a file: `<name>_FILE`
   * names it.
   */
  readonly secret?: true;
  readonly help: string;
}

/** Unlikely as the name of a Kubernetes Service, whose injected variables (`<SERVICE>_PORT=tcp://…`) would look like settings. */
export const prefix = 'SESSION_SIDECAR_';

/** Every setting there is. docs/configuration.md and --help are printed from this. */
export const settings = {
  grpcAddresses: {
    name: 'GRPC_ADDRESS',
    kind: grpcAddresses,
    fallback: '127.0.0.1:50051',
    help: 'Addresses that the gRPC server listens on.',
  },
  grpcSocketMode: {
    name: 'GRPC_SOCKET_MODE',
    kind: fileMode,
    fallback: '0666',
    help: 'File mode of Unix sockets. Who may open the directory they are in is usually the better limit.',
  },
  grpcSocketOwner: {
    name: 'GRPC_SOCKET_OWNER',
    kind: integer(0, 4_294_967_294),
    absent: 'the user of the process',
    help: 'Numeric user id that owns Unix sockets.',
  },
  grpcSocketGroup: {
    name: 'GRPC_SOCKET_GROUP',
    kind: integer(0, 4_294_967_294),
    absent: 'the group of the process',
    help: 'Numeric group id of Unix sockets.',
  },
  listenTimeoutMs: {
    name: 'LISTEN_TIMEOUT',
    kind: duration({ min: '0s', max: '1h' }),
    fallback: '5s',
    help: 'How long to wait at start for another process to stop listening on a gRPC address. A sidecar that is told to stop stops listening first, so a new one can be started before.',
  },
  apiTokens: {
    name: 'API_TOKENS',
    kind: apiTokens,
    absent: 'callers need no token',
    secret: true,
    help: 'What callers must send as metadata `authorization: Bearer <token>`: any one of these tokens. Calls of grpc.health.v1 need none.',
  },
  reflection: {
    name: 'REFLECTION',
    kind: onOff,
    fallback: 'on',
    help: 'Whether gRPC server reflection is served, which tells tools such as grpcurl what RPCs there are.',
  },
  httpAddress: {
    name: 'HTTP_ADDRESS',
    kind: listenAddress,
    fallback: ':9464',
    help: 'Address that /metrics, /livez and /readyz are served on, for Prometheus and the kubelet.',
  },
  httpMaxConnections: {
    name: 'HTTP_MAX_CONNECTIONS',
    kind: integer(8, 10_000),
    fallback: '128',
    help: 'Maximum number of connections to the HTTP port. When there are more, the oldest ones are closed, those without a request first, so that a probe is always served.',
  },
  logLevel: {
    name: 'LOG_LEVEL',
    kind: oneOf('error', 'warn', 'info', 'debug'),
    fallback: 'info',
    help: 'Minimum log level.',
  },
  logRateLimit: {
    name: 'LOG_RATE_LIMIT',
    kind: integer(1, 100_000),
    fallback: '10',
    help: 'Maximum number of log lines of one kind in 10 s. Further ones are counted, and the count is logged as `suppressed`. Lines of level debug are not limited.',
  },
  shutdownGraceMs: {
    name: 'SHUTDOWN_GRACE',
    kind: duration({ min: '0s', max: '1h' }),
    fallback: '10s',
    help: 'Time that calls in flight have to finish after SIGTERM. Keep it below terminationGracePeriodSeconds.',
  },

  idleTimeout: {
    name: 'IDLE_TIMEOUT',
    kind: durationOrNever({ min: '1s', max: '3650d' }),
    fallback: '20m',
    help: 'Time after its last access at which a session expires, unless it has its own idle timeout.',
  },
  touchInterval: {
    name: 'TOUCH_INTERVAL',
    kind: duration({ min: '0s', max: '3650d' }),
    absent: '10 % of the idle timeout, at most 60s',
    help: 'Minimum time between two recorded accesses; reads in between cost Redis no write. A session may outlive its idle timeout by up to this interval.',
  },
  maxLifetime: {
    name: 'MAX_LIFETIME',
    kind: durationOrNever({ min: '1s', max: '3650d' }),
    fallback: 'never',
    help: 'Time after its creation at which a session expires, even if it is in use.',
  },

  maxSessionBytes: {
    name: 'MAX_SESSION_SIZE',
    kind: size({ min: '1KiB', max: '2MiB' }),
    fallback: '256KiB',
    help: 'Maximum size of a session: all its keys, values, flash queue names and flash messages.',
  },
  maxKeys: {
    name: 'MAX_KEYS',
    kind: integer(1, 100_000),
    fallback: '1000',
    help: 'Maximum number of keys per session.',
  },
  maxFlashMessages: {
    name: 'MAX_FLASH_MESSAGES',
    kind: integer(1, 100_000),
    fallback: '100',
    help: 'Maximum number of messages in a flash queue.',
  },
  maxFlashQueues: {
    name: 'MAX_FLASH_QUEUES',
    kind: integer(1, 1000),
    fallback: '100',
    help: 'Most flash queues of a session that have messages.',
  },
  maxMutations: {
    name: 'MAX_MUTATIONS',
    kind: integer(1, 10_000),
    fallback: '1000',
    help: 'Most mutations of one request.',
  },
  maxReplyBytes: {
    name: 'MAX_REPLY_SIZE',
    kind: size({ min: '1KiB', max: '3MiB' }),
    absent: 'MAX_SESSION_SIZE, but at least 1MiB',
    help: 'Most bytes of values and messages that the results of one request return. A session that is larger can still be returned.',
  },
  maxWorkBytes: {
    name: 'MAX_WORK_SIZE',
    kind: size({ min: '1KiB', max: '16MiB' }),
    absent: 'MAX_SESSION_SIZE',
    help: 'Most bytes that the mutations of one request search or extend: the arrays of append, each counted once, and the flash queues in which a message must not be twice. A session that is larger can still be worked through once. Redis serves nothing else meanwhile, for 20 to 60 ms per 256 KiB.',
  },

  maxConnections: {
    name: 'MAX_CONNECTIONS',
    kind: integer(1, 100_000),
    fallback: '1000',
    help: 'Maximum number of gRPC connections. At the limit, a new connection replaces one that has no call in flight, or is closed. Fewer are allowed where the process may open few files.',
  },
  maxStreamsPerConnection: {
    name: 'MAX_STREAMS_PER_CONNECTION',
    kind: integer(1, 100_000),
    fallback: '1000',
    help: 'Maximum number of RPCs open on one gRPC connection. Clients wait before they open more.',
  },
  maxStreams: {
    name: 'MAX_STREAMS',
    kind: integer(1, 1_000_000),
    fallback: '4000',
    help: 'Maximum number of RPCs open on all gRPC connections. At the limit, connections that have more than an equal share get OVERLOADED.',
  },
  maxCallsInFlight: {
    name: 'MAX_CALLS_IN_FLIGHT',
    kind: integer(1, 1_000_000),
    fallback: '2048',
    help: 'Maximum number of calls in flight, unary ones and those of pipelines together. Further calls wait; connections take turns, and those with hardly any calls find one of some places that are kept for them.',
  },
  maxCallsPerStream: {
    name: 'MAX_CALLS_PER_STREAM',
    kind: integer(1, 100_000),
    fallback: '256',
    help: 'Maximum number of calls in flight of one pipeline. Further calls wait.',
  },
  maxQueueMs: {
    name: 'MAX_QUEUE_TIME',
    kind: duration({ min: '1ms', max: '1h' }),
    fallback: '5s',
    help: 'How long a call may wait to be started before it is answered OVERLOADED. Its deadline counts all the same.',
  },
  requestBufferBytes: {
    name: 'REQUEST_BUFFER_SIZE',
    kind: size({ min: '4MiB', max: '16GiB' }),
    fallback: '32MiB',
    help: 'Maximum size of all requests that are being received or wait. Past it, connections that hold more than an equal share get OVERLOADED.',
  },
  replyBufferBytes: {
    name: 'REPLY_BUFFER_SIZE',
    kind: size({ min: '4MiB', max: '16GiB' }),
    fallback: '32MiB',
    help: 'Maximum size of all replies that clients have not read. Past it, calls of connections that hold more than an equal share wait, and then get OVERLOADED; a connection that reads nothing is closed.',
  },
  stallTimeoutMs: {
    name: 'STALL_TIMEOUT',
    kind: duration({ min: '50ms', max: '1h' }),
    fallback: '5s',
    help: 'How long a gRPC connection may take for its handshake, or read nothing when too many replies wait, before it is closed. A request may take twice as long to arrive.',
  },
  keepaliveIntervalMs: {
    name: 'KEEPALIVE_INTERVAL',
    kind: duration({ min: '50ms', max: '24h' }),
    fallback: '10s',
    help: 'How long a gRPC connection may be silent before it is asked for a sign of life. It is closed when none comes for twice as long.',
  },

  signingKeys: {
    name: 'SIGNING_KEYS',
    kind: signingKeys,
    absent: 'required with Redis; the memory store uses a random one',
    secret: true,
    help: 'Keys that sign tokens: the first one signs, all of them verify. All sidecars of a deployment need the same keys. To rotate, append a new key, then move it to the front, then remove the old one when its tokens have expired.',
  },

  memoryStoreBytes: {
    name: 'MEMORY_STORE_SIZE',
    kind: size({ min: '1MiB', max: '64GiB' }),
    fallback: '64MiB',
    help: 'Maximum memory of the memory store, with 1 KiB of overhead for each session. When full, new sessions are rejected; stored ones are never evicted.',
  },

  redisUrl: {
    name: 'REDIS_URL',
    kind: redisUrl,
    absent: 'the variable REDIS_URL; without that, the memory store',
    secret: true,
    help: 'URL of the Redis that stores the sessions: redis://user:password@host:6379/0, rediss:// for TLS, or unix:///path/redis.sock?db=0.',
  },
  redisClusterNodes: {
    name: 'REDIS_CLUSTER_NODES',
    kind: nodes,
    absent: 'no Redis Cluster',
    help: 'Some nodes of the Redis Cluster that stores the sessions, instead of REDIS_URL.',
  },
  redisSentinels: {
    name: 'REDIS_SENTINELS',
    kind: nodes,
    absent: 'no Sentinel',
    help: 'Sentinels of the Redis that stores the sessions, instead of REDIS_URL.',
  },
  redisSentinelMaster: {
    name: 'REDIS_SENTINEL_MASTER',
    kind: plainText('a name without spaces', /^\S+$/),
    fallback: 'mymaster',
    help: 'Name that the Sentinels use for that Redis.',
  },
  redisSentinelUsername: {
    name: 'REDIS_SENTINEL_USERNAME',
    kind: plainText('a name without spaces', /^\S+$/),
    absent: 'none',
    help: 'ACL user for the Sentinels.',
  },
  redisSentinelPassword: {
    name: 'REDIS_SENTINEL_PASSWORD',
    kind: secretText,
    absent: 'none',
    secret: true,
    help: 'Password for the Sentinels.',
  },
  redisUsername: {
    name: 'REDIS_USERNAME',
    kind: plainText('a name without spaces', /^\S+$/),
    absent: 'the one in REDIS_URL',
    help: 'ACL user for Redis.',
  },
  redisPassword: {
    name: 'REDIS_PASSWORD',
    kind: secretText,
    absent: 'the one in REDIS_URL',
    secret: true,
    help: 'Password for Redis.',
  },
  redisDb: {
    name: 'REDIS_DB',
    kind: integer(0, 65_535),
    absent: 'the one in REDIS_URL, or 0',
    help: 'Number of the database. A Redis Cluster has only 0.',
  },
  redisTls: {
    name: 'REDIS_TLS',
    kind: onOff,
    absent: 'on with rediss://, else off',
    help: 'TLS for connections to Redis and to Sentinels.',
  },
  redisTlsCaFile: {
    name: 'REDIS_TLS_CA_FILE',
    kind: pemFile,
    absent: 'the certification authorities built into Node.js',
    help: 'PEM file with the certification authorities that may sign the certificate of Redis.',
  },
  redisTlsCertFile: {
    name: 'REDIS_TLS_CERT_FILE',
    kind: pemFile,
    absent: 'no client certificate',
    help: 'PEM file with the client certificate. Needs REDIS_TLS_KEY_FILE.',
  },
  redisTlsKeyFile: {
    name: 'REDIS_TLS_KEY_FILE',
    kind: pemFile,
    absent: 'no client certificate',
    help: 'PEM file with the key of the client certificate.',
  },
  redisKeyPrefix: {
    name: 'REDIS_KEY_PREFIX',
    kind: plainText('1 to 100 printable ASCII characters other than space', /^[\x21-\x7e]{1,100}$/),
    fallback: 'session:',
    help: 'Prefix of the Redis keys of sessions; the handle of the session follows. Tokens do not contain it.',
  },
  redisTtl: {
    name: 'REDIS_TTL',
    kind: onOff,
    fallback: 'on',
    help: 'Whether Redis removes expired sessions. Off: keys have no TTL, and expired sessions stay until they are read or evicted (for maxmemory-policy allkeys-lru).',
  },
  redisCommandTimeoutMs: {
    name: 'REDIS_COMMAND_TIMEOUT',
    kind: duration({ min: '1ms', max: '1m' }),
    fallback: '250ms',
    help: 'Time after which a call that waits for Redis fails with STORE_UNAVAILABLE.',
  },
  redisConnectTimeoutMs: {
    name: 'REDIS_CONNECT_TIMEOUT',
    kind: duration({ min: '1ms', max: '1m' }),
    fallback: '500ms',
    help: 'Maximum time for an attempt to connect to Redis.',
  },
  redisMaxSilenceMs: {
    name: 'REDIS_MAX_SILENCE',
    kind: duration({ min: '10ms', max: '1m' }),
    fallback: '500ms',
    help: 'How long Redis may send nothing while a command waits before the connection is replaced. Redis is asked four times a second, so a dead connection is noticed without traffic, too.',
  },
  redisWaitReplicas: {
    name: 'REDIS_WAIT_REPLICAS',
    kind: integer(0, 100),
    fallback: '0',
    help: 'How many replicas must have a change before it is acknowledged (WAIT). It then survives a failover to one of them. A change that too few confirm in time is answered with STORE_UNAVAILABLE, though it was applied.',
  },
  redisWaitTimeoutMs: {
    name: 'REDIS_WAIT_TIMEOUT',
    kind: duration({ min: '1ms', max: '1m' }),
    fallback: '100ms',
    help: 'How long replicas may take to confirm a change. Must be shorter than REDIS_COMMAND_TIMEOUT, because Redis answers nothing else on the connection meanwhile.',
  },
  nearCacheBytes: {
    name: 'NEAR_CACHE',
    kind: size({ min: '1MiB', max: '64GiB' }),
    absent: 'none',
    help: 'Maximum size of a session cache in the sidecar, which answers most reads without Redis. A change through another sidecar is visible within milliseconds, after 1 s at the latest. Not available with a Redis Cluster. The ACL user needs +client|id, +client|tracking, +info, +ping, +subscribe and the channel __redis__:invalidate.',
  },
} as const satisfies Record<string, Setting<unknown>>;

export type SettingId = keyof typeof settings;

/** @returns the variable or flag that was set, else the variable that would set it. */
export type NameOf = (id: SettingId) => string;

export const entries = Object.entries(settings) as [SettingId, Setting<unknown>][];

/** The settings that say where Redis is: one of them at most. */
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
