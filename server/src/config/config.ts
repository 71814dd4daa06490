import type { GrpcLimits } from '../grpc/limits';
import type { GrpcAddress } from '../grpc/listening/address';
import type { SocketAccess } from '../grpc/listening/unix-listener';
import type { DataRule } from '../session/data-rule';
import type { Limits } from '../session/limits';
import type { ExpiryPolicy } from '../session/session';
import type { SubjectLimit } from '../session/subject-limit';
import type { RedisConnectionOptions } from '../store/redis/connection/client-options';
import type { EncryptionKeys } from '../store/redis/encryption/content-keys';
import type { ReplicationOptions } from '../store/redis/replication';
import type { ListenAddress, LogLevel } from './values';

/** All settings, validated. */
export interface Config {
  readonly grpcAddresses: readonly GrpcAddress[];
  readonly grpc: GrpcConfig;
  readonly httpAddress: ListenAddress;
  readonly httpMaxConnections: number;
  /** `undefined`: no inspector. */
  readonly inspector: InspectorConfig | undefined;
  /** `undefined`: no administration service. */
  readonly admin: AdminConfig | undefined;
  readonly logLevel: LogLevel;
  /** Maximum number of lines of one kind per 10 s. */
  readonly logRateLimit: number;
  /** Whether session events are logged. */
  readonly auditLog: boolean;
  /** How long session events are kept, in ms. */
  readonly eventRetentionMs: number;
  readonly shutdownGraceMs: number;
  /** Whether to shut down when standard input ends. */
  readonly exitOnStdinEnd: boolean;
  readonly expiry: ExpiryPolicy;
  /** `undefined`: data may be any JSON. */
  readonly dataRule: DataRule | undefined;
  readonly limits: Limits;
  /** `undefined`: a subject may have any number of sessions. */
  readonly subjectLimit: SubjectLimit | undefined;
  /** `undefined`: make one; only for the memory store. */
  readonly signingKeys: readonly Buffer[] | undefined;
  /** Whether sessions record which of them signed their token. */
  readonly recordSigningKey: boolean;
  /** `undefined`: sessions are not encrypted, and encrypted ones cannot be read. */
  readonly encryptionKeys: EncryptionKeys | undefined;
  /** `undefined`: no tracing. */
  readonly tracing: TracingConfig | undefined;
  readonly store: MemoryStoreConfig | { readonly kind: 'redis'; readonly redis: RedisConfig };
}

export interface InspectorConfig {
  readonly address: ListenAddress;
  /** Host names by which it may be opened, beside localhost and IP addresses. */
  readonly hosts: readonly string[];
  /** Whether it lists the sessions of a subject. */
  readonly subjects: boolean;
}

export interface AdminConfig {
  readonly addresses: readonly GrpcAddress[];
  readonly socketMode: number;
  /** `undefined`: callers need none; only on Unix sockets. */
  readonly tokens: readonly string[] | undefined;
}

export interface MemoryStoreConfig {
  readonly kind: 'memory';
  readonly maxBytes: number;
  /** Whether tests may move its clock and empty it. */
  readonly testControl: boolean;
}

export interface GrpcConfig {
  readonly socketAccess: SocketAccess;
  readonly listenTimeoutMs: number;
  readonly reflection: boolean;
  /** `undefined`: callers need none. */
  readonly apiTokens: readonly string[] | undefined;
  readonly limits: Omit<GrpcLimits, 'mutations'>;
}

export interface RedisConfig extends RedisConnectionOptions {
  readonly keyPrefix: string;
  readonly expireKeys: boolean;
  /** `undefined`: a change is acknowledged when the master has it. */
  readonly replication: ReplicationOptions | undefined;
  /** `undefined`: no near cache. */
  readonly nearCacheBytes: number | undefined;
}

export interface TracingConfig {
  /** Where spans are sent, without secrets. The OpenTelemetry SDK reads everything else. */
  readonly collector: string;
}

/** All problems of the settings, so that one start reports all of them. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}
