import { describe, expect, test } from '@jest/globals';
import { load, problemsOf, signingKey } from './loading';

describe('loadConfig()', () => {
  test('gives the documented defaults when nothing is set', () => {
    const { config, warnings, effective } = load();
    expect(config).toEqual({
      grpcAddresses: [{ kind: 'tcp', host: '127.0.0.1', port: 50_051 }],
      httpAddress: { host: undefined, port: 9464 },
      httpMaxConnections: 128,
      logLevel: 'info',
      logRateLimit: 10,
      auditLog: false,
      eventRetentionMs: 3_600_000,
      shutdownGraceMs: 10_000,
      exitOnStdinEnd: false,
      recordSigningKey: false,
      signingKeys: undefined,
      encryptionKeys: undefined,
      expiry: { idleTimeout: 1_200_000, touchInterval: undefined, maxLifetime: undefined },
      limits: {
        maxSessionBytes: 262_144,
        maxKeys: 1_000,
        maxFlashMessages: 100,
        maxFlashQueues: 100,
        maxMutations: 1000,
        maxReplyBytes: 1_048_576,
        maxWorkBytes: 262_144,
      },
      grpc: {
        socketAccess: { mode: 0o666, owner: undefined, group: undefined },
        listenTimeoutMs: 5_000,
        reflection: true,
        apiTokens: undefined,
        limits: {
          ...{
            connections: 1000,
            streamsPerConnection: 1000,
            streams: 4000,
            pipelines: 256,
            watchers: 64,
            callsInFlight: 2048,
            callsPerStream: 256,
          },
          ...{ queueMs: 5_000, requestBytes: 33_554_432, replyBytes: 16_777_216, stallMs: 5_000, keepaliveMs: 10_000 },
        },
      },
      store: { kind: 'memory', maxBytes: 50_331_648, testControl: false },
    });
    expect(warnings).toEqual([]);
    expect(effective).toEqual({
      SESSION_SIDECAR_GRPC_ADDRESS: '127.0.0.1:50051',
      SESSION_SIDECAR_GRPC_SOCKET_MODE: '0666',
      SESSION_SIDECAR_LISTEN_TIMEOUT: '5s',
      SESSION_SIDECAR_RECORD_SIGNING_KEY: 'off',
      SESSION_SIDECAR_REFLECTION: 'on',
      SESSION_SIDECAR_HTTP_ADDRESS: ':9464',
      SESSION_SIDECAR_HTTP_MAX_CONNECTIONS: '128',
      SESSION_SIDECAR_LOG_LEVEL: 'info',
      SESSION_SIDECAR_AUDIT_LOG: 'off',
      SESSION_SIDECAR_EVENT_RETENTION: '1h',
      SESSION_SIDECAR_LOG_RATE_LIMIT: '10',
      SESSION_SIDECAR_SHUTDOWN_GRACE: '10s',
      SESSION_SIDECAR_EXIT_ON_STDIN_END: 'off',
      SESSION_SIDECAR_IDLE_TIMEOUT: '20m',
      SESSION_SIDECAR_MAX_LIFETIME: 'never',
      SESSION_SIDECAR_MAX_SESSIONS_PER_SUBJECT: '0',
      SESSION_SIDECAR_MAX_SESSION_SIZE: '256KiB',
      SESSION_SIDECAR_MAX_KEYS: '1000',
      SESSION_SIDECAR_MAX_FLASH_MESSAGES: '100',
      SESSION_SIDECAR_MAX_FLASH_QUEUES: '100',
      SESSION_SIDECAR_MAX_MUTATIONS: '1000',
      SESSION_SIDECAR_MAX_CONNECTIONS: '1000',
      SESSION_SIDECAR_MAX_STREAMS_PER_CONNECTION: '1000',
      SESSION_SIDECAR_MAX_STREAMS: '4000',
      SESSION_SIDECAR_MAX_PIPELINES: '256',
      SESSION_SIDECAR_MAX_WATCHERS: '64',
      SESSION_SIDECAR_MAX_CALLS_IN_FLIGHT: '2048',
      SESSION_SIDECAR_MAX_CALLS_PER_STREAM: '256',
      SESSION_SIDECAR_MAX_QUEUE_TIME: '5s',
      SESSION_SIDECAR_REQUEST_BUFFER_SIZE: '32MiB',
      SESSION_SIDECAR_REPLY_BUFFER_SIZE: '16MiB',
      SESSION_SIDECAR_STALL_TIMEOUT: '5s',
      SESSION_SIDECAR_KEEPALIVE_INTERVAL: '10s',
      SESSION_SIDECAR_MEMORY_STORE_SIZE: '48MiB',
      SESSION_SIDECAR_TEST_CONTROL: 'off',
    });
  });

  test('takes every setting that is not about Redis', () => {
    const { config } = load({
      env: {
        GRPC_ADDRESS: 'unix:/run/x.sock',
        GRPC_SOCKET_MODE: '0660',
        GRPC_SOCKET_OWNER: '1000',
        GRPC_SOCKET_GROUP: '2000',
        LISTEN_TIMEOUT: '0s',
        REFLECTION: 'off',
        API_TOKENS: '0123456789abcdef',
        MAX_CONNECTIONS: '1',
        MAX_STREAMS_PER_CONNECTION: '2',
        MAX_STREAMS: '3',
        MAX_PIPELINES: '4',
        MAX_CALLS_IN_FLIGHT: '16',
        MAX_CALLS_PER_STREAM: '5',
        MAX_QUEUE_TIME: '6s',
        REQUEST_BUFFER_SIZE: '8MiB',
        REPLY_BUFFER_SIZE: '9MiB',
        STALL_TIMEOUT: '7s',
        KEEPALIVE_INTERVAL: '8s',
        HTTP_ADDRESS: '[::1]:0',
        HTTP_MAX_CONNECTIONS: '8',
        LOG_LEVEL: 'debug',
        LOG_RATE_LIMIT: '1',
        AUDIT_LOG: 'on',
        EVENT_RETENTION: '2m',
        MAX_WATCHERS: '9',
        SHUTDOWN_GRACE: '0s',
        EXIT_ON_STDIN_END: 'on',
        IDLE_TIMEOUT: 'never',
        TOUCH_INTERVAL: '0s',
        MAX_LIFETIME: '12h',
        MAX_SESSION_SIZE: '1KiB',
        MAX_KEYS: '1',
        MAX_FLASH_MESSAGES: '2',
        MAX_FLASH_QUEUES: '3',
        MAX_MUTATIONS: '4',
        MAX_REPLY_SIZE: '2KiB',
        MAX_WORK_SIZE: '3KiB',
        MAX_SESSIONS_PER_SUBJECT: '5',
        SUBJECT_LIMIT_ACTION: 'refuse',
        MEMORY_STORE_SIZE: '1MiB',
        TEST_CONTROL: 'on',
        SIGNING_KEYS: signingKey,
        RECORD_SIGNING_KEY: 'on',
        ADMIN_ADDRESS: '127.0.0.1:0',
        ADMIN_TOKENS: 'a-token-for-operators',
        ADMIN_SOCKET_MODE: '0660',
      },
    });
    expect(config).toEqual({
      grpcAddresses: [{ kind: 'unix', path: '/run/x.sock' }],
      httpAddress: { host: '::1', port: 0 },
      httpMaxConnections: 8,
      logLevel: 'debug',
      logRateLimit: 1,
      auditLog: true,
      eventRetentionMs: 120_000,
      shutdownGraceMs: 0,
      exitOnStdinEnd: true,
      signingKeys: [Buffer.from(signingKey, 'base64')],
      recordSigningKey: true,
      admin: {
        addresses: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }],
        tokens: ['a-token-for-operators'],
        socketMode: 0o660,
      },
      expiry: { idleTimeout: undefined, touchInterval: 0, maxLifetime: 43_200_000 },
      limits: {
        maxSessionBytes: 1_024,
        maxKeys: 1,
        maxFlashMessages: 2,
        maxFlashQueues: 3,
        maxMutations: 4,
        maxReplyBytes: 2_048,
        maxWorkBytes: 3_072,
      },
      subjectLimit: { maxSessions: 5, action: 'refuse' },
      grpc: {
        socketAccess: { mode: 0o660, owner: 1000, group: 2000 },
        listenTimeoutMs: 0,
        reflection: false,
        apiTokens: ['0123456789abcdef'],
        limits: {
          ...{
            connections: 1,
            streamsPerConnection: 2,
            streams: 3,
            pipelines: 4,
            watchers: 9,
            callsInFlight: 16,
            callsPerStream: 5,
          },
          ...{ queueMs: 6_000, requestBytes: 8_388_608, replyBytes: 9_437_184, stallMs: 7_000, keepaliveMs: 8_000 },
        },
      },
      store: { kind: 'memory', maxBytes: 1_048_576, testControl: true },
    });
  });

  test('replies and work may be as large as a session', () => {
    const { config } = load({ env: { MAX_SESSION_SIZE: '2MiB' } });
    expect(config.limits).toMatchObject({ maxReplyBytes: 2_097_152, maxWorkBytes: 2_097_152 });
  });

  test('reports everything that is wrong at once, whatever kind of mistake it is', () => {
    const env = {
      IDLE_TIMEOUT: '30',
      MAX_SESSION_SIZE: '65536',
      GRPC_ADDRESS: '0.0.0.0:50051',
      REDIS_CLUSTER_NODES: 'a:1',
      REDIS_SENTINELS: 'b',
      REDIS_DB: '3',
      REDIS_TLS: 'on',
      REDIS_TLS_CA_FILE: '/nowhere',
      REDIS_SENTINEL_PASSWORD: 'p',
      REDIS_SENTINEL_PASSWORD_FILE: '/p',
    };
    expect(problemsOf({ env, args: ['--max-keys', '0', '--what', '--log-level', '--max-keyz', '3'] })).toEqual([
      '--what: Unknown flag; --help lists them.',
      '--log-level: Expected a value, got none.',
      '--max-keyz: Unknown flag. Did you mean --max-keys?',
      'SESSION_SIDECAR_REDIS_SENTINEL_PASSWORD and SESSION_SIDECAR_REDIS_SENTINEL_PASSWORD_FILE: Set only one.',
      'SESSION_SIDECAR_GRPC_ADDRESS: Expected loopback, like 127.0.0.1:50051 or [::1]:50051, or unix:/path/to/socket, got `0.0.0.0:50051`.',
      'SESSION_SIDECAR_IDLE_TIMEOUT: Expected a duration from 1s to 3650d with one of the units ms, s, m, h or d, like 250ms, 30s, 20m or 12h, or never, got `30`.',
      'SESSION_SIDECAR_MAX_SESSION_SIZE: Expected a size from 1KiB to 2MiB with one of the units B, kB, KiB, MB, MiB, GB or GiB, like 64KiB or 1MB, got `65536`.',
      '--max-keys: Expected a whole number from 1 to 100000, got `0`.',
      'SESSION_SIDECAR_REDIS_SENTINELS: Expected host:port, like 10.0.0.7:6379 or [fd00::7]:6379, got `b`.',
      'SESSION_SIDECAR_REDIS_TLS_CA_FILE: Expected the path of a readable file (ENOENT).',
      'SESSION_SIDECAR_REDIS_CLUSTER_NODES and SESSION_SIDECAR_REDIS_SENTINELS: Set only one; each is a location of Redis.',
      'SESSION_SIDECAR_SIGNING_KEYS: Expected a key, got none. Sessions in Redis outlive this process, so their tokens must too. Make one with: session-sidecar secret new, or: openssl rand -base64 32',
      'SESSION_SIDECAR_REDIS_CLUSTER_NODES and SESSION_SIDECAR_REDIS_DB: A Redis Cluster only has database 0.',
    ]);
  });

  test('the effective settings name their sources, and of secrets only that they are set', () => {
    const env = { SIGNING_KEYS: signingKey, REDIS_URL: 'redis://:p@cache', MAX_KEYS: '5' };
    const { effective } = load({ env, args: ['--redis-key-prefix', 'shop:'] });
    expect(effective).toMatchObject({
      SESSION_SIDECAR_SIGNING_KEYS: '(set)',
      SESSION_SIDECAR_REDIS_URL: '(set)',
      SESSION_SIDECAR_MAX_KEYS: '5',
      SESSION_SIDECAR_REDIS_KEY_PREFIX: 'shop:',
    });
    expect(Object.keys(effective)).not.toContain('SESSION_SIDECAR_MEMORY_STORE_SIZE');
    expect(Object.keys(effective)).not.toContain('SESSION_SIDECAR_REDIS_SENTINEL_MASTER');
  });
});
