import { Cluster, Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';
import { codeOf } from '../redis-errors';
import { SentinelMasterConnector } from './sentinel-master-connector';

export interface RedisConnectionOptions {
  readonly mode: 'single' | 'cluster' | 'sentinel';
  /** The server; some nodes of the cluster; or the sentinels. Empty with `socketPath`. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly socketPath: string | undefined;
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer } | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  readonly sentinel:
    | { readonly master: string; readonly username: string | undefined; readonly password: string | undefined }
    | undefined;
  /** Time limit of one command, from sending to reply, in ms. */
  readonly commandTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** How long a server may be silent while a command waits, before the connection is replaced, in ms. */
  readonly maxSilenceMs: number;
}

const firstReconnectDelayMs = 20;
const maxReconnectDelayMs = 100;

export type MoreOptions = Pick<
  RedisOptions,
  'protocol' | 'autoResubscribe' | 'connectionName' | 'lazyConnect' | 'enableReadyCheck' | 'reconnectOnError'
>;

export function createClient(options: RedisConnectionOptions, more: MoreOptions = {}): Redis | Cluster {
  const { mode, nodes, socketPath, db, sentinel, tls } = options;
  const common = { ...commonOptions(options), ...more };
  switch (mode) {
    case 'single':
      return new Redis({ ...common, db, ...(socketPath === undefined ? { ...nodes[0] } : { path: socketPath }) });
    case 'sentinel':
      return new Redis({
        ...common,
        db,
        Connector: SentinelMasterConnector,
        sentinels: [...nodes],
        name: sentinel?.master ?? '',
        ...optional({ sentinelUsername: sentinel?.username, sentinelPassword: sentinel?.password }),
        ...(tls === undefined ? {} : { sentinelTLS: { ...tls }, enableTLSForSentinelMode: true }),
        sentinelRetryStrategy: reconnectDelay,
        sentinelCommandTimeout: options.commandTimeoutMs,
      });
    case 'cluster':
      return new Cluster([...nodes], {
        redisOptions: common,
        enableOfflineQueue: false,
        // Would resend a write whose connection broke before the reply: it may have been executed.
        retryDelayOnFailover: 0,
        // Would wait longer than the command may take. Nothing was executed, so the call can fail at once.
        retryDelayOnClusterDown: 0,
        clusterRetryStrategy: reconnectDelay,
        slotsRefreshTimeout: options.connectTimeoutMs,
        // Host names must match the certificates.
        ...(tls === undefined ? {} : { dnsLookup: (name, done) => done(null, name) }),
      });
  }
}

/** For a connection to a Sentinel that stays open. */
export function sentinelOptions(options: RedisConnectionOptions) {
  const { sentinel, tls, commandTimeoutMs, connectTimeoutMs, maxSilenceMs } = options;
  return {
    ...optional({ username: sentinel?.username, password: sentinel?.password }),
    ...(tls === undefined ? {} : { tls: { ...tls } }),
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: commandTimeoutMs,
    connectTimeout: connectTimeoutMs,
    socketTimeout: maxSilenceMs,
    disconnectTimeout: 1,
    retryStrategy: reconnectDelay,
    connectionName: 'session-sidecar',
  } satisfies RedisOptions;
}

/** ioredis's defaults suit a web application; these suit a sidecar whose callers have deadlines. */
function commonOptions(options: RedisConnectionOptions) {
  const { username, password, tls, commandTimeoutMs, connectTimeoutMs, maxSilenceMs } = options;
  return {
    // Calls must fail at once while the store is unavailable, and not wait for it.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // A resent write may run twice.
    autoResendUnfulfilledCommands: false,
    commandTimeout: commandTimeoutMs,
    connectTimeout: connectTimeoutMs,
    socketTimeout: maxSilenceMs,
    // A replaced connection must be closed: a former master may still accept writes.
    disconnectTimeout: 1,
    // A server that loads its data is retried as soon as an unreachable one.
    maxLoadingRetryTime: maxReconnectDelayMs,
    retryStrategy: reconnectDelay,
    // The server is a replica: behind a fixed address, a new connection reaches the new master.
    reconnectOnError: (error) => codeOf(error) === 'READONLY',
    connectionName: 'session-sidecar',
    ...optional({ username, password }),
    ...(tls === undefined ? {} : { tls: { ...tls } }),
  } satisfies RedisOptions;
}

function optional<T extends Record<string, string | undefined>>(options: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string;
  };
}

/** With jitter, so that sidecars do not reconnect simultaneously. */
export function reconnectDelay(attempt: number): number {
  const delay = Math.min(maxReconnectDelayMs, firstReconnectDelayMs * 2 ** Math.min(attempt, 10));
  return delay * (0.5 + Math.random() / 2);
}
