/**
 * Unlikely to be the name of a Kubernetes Service, whose injected variables (`<SERVICE>_PORT=tcp://…`) would look like settings.
 */
export const prefix = 'SESSION_SIDECAR_';

/** The name of every setting, without prefix. The only place that spells them: errors, logs and metrics refer to settings by id. */
export const settingNames = {
  grpcAddresses: 'GRPC_ADDRESS',
  grpcSocketMode: 'GRPC_SOCKET_MODE',
  grpcSocketOwner: 'GRPC_SOCKET_OWNER',
  grpcSocketGroup: 'GRPC_SOCKET_GROUP',
  listenTimeoutMs: 'LISTEN_TIMEOUT',
  apiTokens: 'API_TOKENS',
  reflection: 'REFLECTION',
  httpAddress: 'HTTP_ADDRESS',
  httpMaxConnections: 'HTTP_MAX_CONNECTIONS',
  inspectorAddress: 'INSPECTOR_ADDRESS',
  inspectorRemote: 'INSPECTOR_REMOTE',
  inspectorHosts: 'INSPECTOR_HOSTS',
  logLevel: 'LOG_LEVEL',
  logRateLimit: 'LOG_RATE_LIMIT',
  shutdownGraceMs: 'SHUTDOWN_GRACE',
  exitOnStdinEnd: 'EXIT_ON_STDIN_END',
  idleTimeout: 'IDLE_TIMEOUT',
  touchInterval: 'TOUCH_INTERVAL',
  maxLifetime: 'MAX_LIFETIME',
  maxSessionBytes: 'MAX_SESSION_SIZE',
  maxKeys: 'MAX_KEYS',
  maxFlashMessages: 'MAX_FLASH_MESSAGES',
  maxFlashQueues: 'MAX_FLASH_QUEUES',
  maxMutations: 'MAX_MUTATIONS',
  maxReplyBytes: 'MAX_REPLY_SIZE',
  maxWorkBytes: 'MAX_WORK_SIZE',
  maxConnections: 'MAX_CONNECTIONS',
  maxStreamsPerConnection: 'MAX_STREAMS_PER_CONNECTION',
  maxStreams: 'MAX_STREAMS',
  maxPipelines: 'MAX_PIPELINES',
  maxCallsInFlight: 'MAX_CALLS_IN_FLIGHT',
  maxCallsPerStream: 'MAX_CALLS_PER_STREAM',
  maxQueueMs: 'MAX_QUEUE_TIME',
  requestBufferBytes: 'REQUEST_BUFFER_SIZE',
  replyBufferBytes: 'REPLY_BUFFER_SIZE',
  stallTimeoutMs: 'STALL_TIMEOUT',
  keepaliveIntervalMs: 'KEEPALIVE_INTERVAL',
  signingKeys: 'SIGNING_KEYS',
  memoryStoreBytes: 'MEMORY_STORE_SIZE',
  testControl: 'TEST_CONTROL',
  eventRetentionMs: 'EVENT_RETENTION',
  maxWatchers: 'MAX_WATCHERS',
  auditLog: 'AUDIT_LOG',
  redisUrl: 'REDIS_URL',
  redisClusterNodes: 'REDIS_CLUSTER_NODES',
  redisSentinels: 'REDIS_SENTINELS',
  redisSentinelMaster: 'REDIS_SENTINEL_MASTER',
  redisSentinelUsername: 'REDIS_SENTINEL_USERNAME',
  redisSentinelPassword: 'REDIS_SENTINEL_PASSWORD',
  redisUsername: 'REDIS_USERNAME',
  redisPassword: 'REDIS_PASSWORD',
  redisDb: 'REDIS_DB',
  redisTls: 'REDIS_TLS',
  redisTlsCaFile: 'REDIS_TLS_CA_FILE',
  redisTlsCertFile: 'REDIS_TLS_CERT_FILE',
  redisTlsKeyFile: 'REDIS_TLS_KEY_FILE',
  redisKeyPrefix: 'REDIS_KEY_PREFIX',
  redisTtl: 'REDIS_TTL',
  redisCommandTimeoutMs: 'REDIS_COMMAND_TIMEOUT',
  redisConnectTimeoutMs: 'REDIS_CONNECT_TIMEOUT',
  redisMaxSilenceMs: 'REDIS_MAX_SILENCE',
  redisWaitReplicas: 'REDIS_WAIT_REPLICAS',
  redisWaitTimeoutMs: 'REDIS_WAIT_TIMEOUT',
  nearCacheBytes: 'NEAR_CACHE',
} as const;

export type SettingId = keyof typeof settingNames;

/** The environment variable of a setting. */
export function variable(id: SettingId): string {
  return prefix + settingNames[id];
}
