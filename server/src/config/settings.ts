import {
  duration,
  durationOrNever,
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

/** No Kubernetes Service will be called so that its injected variables (`<SERVICE>_PORT=tcp://…`) look like settings. */
export const prefix = 'SESSION_SIDECAR_';

/** Every setting there is. docs/configuration.md and --help are printed from this. */
export const settings = {
  grpcAddresses: {
    name: 'GRPC_ADDRESS',
    kind: grpcAddresses,
    fallback: '127.0.0.1:50051',
    help: 'Where the app reaches the sidecar.',
  },
  httpAddress: {
    name: 'HTTP_ADDRESS',
    kind: listenAddress,
    fallback: ':9464',
    help: 'Where Prometheus and the kubelet reach /metrics, /livez and /readyz.',
  },
  logLevel: {
    name: 'LOG_LEVEL',
    kind: oneOf('error', 'warn', 'info', 'debug'),
    fallback: 'info',
    help: 'The least important log lines that are written.',
  },
  shutdownGraceMs: {
    name: 'SHUTDOWN_GRACE',
    kind: duration({ min: '0s', max: '1h' }),
    fallback: '10s',
    help: 'How long calls under way may take to finish after SIGTERM. Keep it below terminationGracePeriodSeconds.',
  },

  idleTimeout: {
    name: 'IDLE_TIMEOUT',
    kind: durationOrNever({ min: '1s', max: '3650d' }),
    fallback: '20m',
    help: 'How long a session lives unused, unless it has an idle timeout of its own.',
  },
  touchInterval: {
    name: 'TOUCH_INTERVAL',
    kind: duration({ min: '0s', max: '3650d' }),
    absent: 'a tenth of the idle timeout, at most 60s',
    help: 'How long after a recorded access further reads are not recorded, which spares Redis a write each. Sessions live up to this much longer than their idle timeout.',
  },
  maxLifetime: {
    name: 'MAX_LIFETIME',
    kind: durationOrNever({ min: '1s', max: '3650d' }),
    fallback: 'never',
    help: 'How long after its creation a session ends, however busy it is.',
  },

  maxSessionBytes: {
    name: 'MAX_SESSION_SIZE',
    kind: size({ min: '1KiB', max: '2MiB' }),
    fallback: '256KiB',
    help: 'Most bytes of all keys, values, flash queue names and messages of a session.',
  },
  maxKeys: { name: 'MAX_KEYS', kind: integer(1, 100_000), fallback: '1000', help: 'Most keys of a session.' },
  maxFlashMessages: {
    name: 'MAX_FLASH_MESSAGES',
    kind: integer(1, 100_000),
    fallback: '100',
    help: 'Most messages waiting in one flash queue.',
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

  signingKeys: {
    name: 'SIGNING_KEYS',
    kind: signingKeys,
    absent: 'an error with Redis; with the memory store, one is made for this run',
    secret: true,
    help: 'What tokens are signed with: the first signs, all verify. To rotate, first add a new one at the end, so that all sidecars verify it; then put it in front; drop the old one when its tokens have expired. All sidecars of a deployment need the same.',
  },

  memoryStoreBytes: {
    name: 'MEMORY_STORE_SIZE',
    kind: size({ min: '1MiB', max: '64GiB' }),
    fallback: '64MiB',
    help: 'Most bytes of memory for the sessions of the memory store, with 1 KiB of overhead for each. When it is full, sessions are refused and none is evicted.',
  },

  redisUrl: {
    name: 'REDIS_URL',
    kind: redisUrl,
    absent: 'the variable REDIS_URL; without that, the memory store',
    secret: true,
    help: 'The Redis to keep sessions in: redis://user:password@host:6379/0, rediss:// for TLS, or unix:///path/redis.sock?db=0.',
  },
  redisClusterNodes: {
    name: 'REDIS_CLUSTER_NODES',
    kind: nodes,
    absent: 'no Redis Cluster',
    help: 'Some nodes of the Redis Cluster to keep sessions in, in place of REDIS_URL.',
  },
  redisSentinels: {
    name: 'REDIS_SENTINELS',
    kind: nodes,
    absent: 'no Sentinel',
    help: 'The Sentinels that know the Redis to keep sessions in, in place of REDIS_URL.',
  },
  redisSentinelMaster: {
    name: 'REDIS_SENTINEL_MASTER',
    kind: plainText('a name without spaces', /^\S+$/),
    fallback: 'mymaster',
    help: 'The name under which the Sentinels know that Redis.',
  },
  redisSentinelUsername: {
    name: 'REDIS_SENTINEL_USERNAME',
    kind: plainText('a name without spaces', /^\S+$/),
    absent: 'none',
    help: 'The ACL user at the Sentinels.',
  },
  redisSentinelPassword: {
    name: 'REDIS_SENTINEL_PASSWORD',
    kind: secretText,
    absent: 'none',
    secret: true,
    help: 'The password at the Sentinels.',
  },
  redisUsername: {
    name: 'REDIS_USERNAME',
    kind: plainText('a name without spaces', /^\S+$/),
    absent: 'the one in REDIS_URL',
    help: 'The ACL user at Redis.',
  },
  redisPassword: {
    name: 'REDIS_PASSWORD',
    kind: secretText,
    absent: 'the one in REDIS_URL',
    secret: true,
    help: 'The password at Redis.',
  },
  redisDb: {
    name: 'REDIS_DB',
    kind: integer(0, 65_535),
    absent: 'the one in REDIS_URL, or 0',
    help: 'The number of the database. A Redis Cluster has only 0.',
  },
  redisTls: {
    name: 'REDIS_TLS',
    kind: onOff,
    absent: 'on with rediss://, otherwise off',
    help: 'Whether connections to Redis, and to Sentinels, are encrypted.',
  },
  redisTlsCaFile: {
    name: 'REDIS_TLS_CA_FILE',
    kind: pemFile,
    absent: 'the certification authorities that Node.js knows',
    help: 'File with the certification authorities, in PEM, that the certificate of Redis is checked against.',
  },
  redisTlsCertFile: {
    name: 'REDIS_TLS_CERT_FILE',
    kind: pemFile,
    absent: 'no client certificate',
    help: 'File with the client certificate in PEM. Needs REDIS_TLS_KEY_FILE.',
  },
  redisTlsKeyFile: {
    name: 'REDIS_TLS_KEY_FILE',
    kind: pemFile,
    absent: 'no client certificate',
    help: 'File with the key of the client certificate in PEM.',
  },
  redisKeyPrefix: {
    name: 'REDIS_KEY_PREFIX',
    kind: plainText('1 to 100 printable ASCII characters other than space', /^[\x21-\x7e]{1,100}$/),
    fallback: 'session:',
    help: 'What comes before the handle in the keys of sessions in Redis. Tokens do not contain it.',
  },
  redisTtl: {
    name: 'REDIS_TTL',
    kind: onOff,
    fallback: 'on',
    help: 'Whether Redis removes expired sessions by itself. Off: keys get no TTL, expired sessions stay until they are asked for or evicted (for maxmemory-policy allkeys-lru).',
  },
  redisCommandTimeoutMs: {
    name: 'REDIS_COMMAND_TIMEOUT',
    kind: duration({ min: '1ms', max: '1m' }),
    fallback: '250ms',
    help: 'How long Redis may take to answer before a call fails with STORE_UNAVAILABLE.',
  },
  redisConnectTimeoutMs: {
    name: 'REDIS_CONNECT_TIMEOUT',
    kind: duration({ min: '1ms', max: '1m' }),
    fallback: '500ms',
    help: 'How long connecting to Redis may take before it is tried again.',
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
    help: 'Most bytes of a cache of sessions in the sidecar, from which most reads are answered without Redis. Changes through another sidecar are seen within milliseconds, at the latest after a second. Not with a Redis Cluster. The ACL user at Redis needs +client|id, +client|tracking, +info, +ping, +subscribe and the channel __redis__:invalidate.',
  },
} as const satisfies Record<string, Setting<unknown>>;

export type SettingId = keyof typeof settings;

export const entries = Object.entries(settings) as [SettingId, Setting<unknown>][];

/** The settings that say where Redis is: one of them at most. */
export const places = ['redisUrl', 'redisClusterNodes', 'redisSentinels'] as const satisfies readonly SettingId[];

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
