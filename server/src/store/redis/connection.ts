import { Cluster, Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';

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
  /** How long one command may take, sending and reply together, in ms. */
  readonly commandTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

export interface RedisConnectionListener {
  /** The connection became usable, or stopped being so. */
  onReady(ready: boolean): void;
  /** A connection attempt failed, a connection broke, or the server is not one to work with. */
  onTrouble(error: Error): void;
}

type MoreOptions = Pick<RedisOptions, 'protocol' | 'autoResubscribe' | 'connectionName'>;

const shortestReconnectDelay = 50;
const longestReconnectDelay = 2_000;

/**
 * Connects to Redis, at once and again whenever the connection is lost. It never rejects: until it is ready, `status` is
 * something else than `ready`.
 */
export function connectRedis(
  options: RedisConnectionOptions,
  listener: RedisConnectionListener,
  more: MoreOptions = {},
): Redis | Cluster {
  const client = createClient(options, more);
  let ready = false;
  const told = new Set<string>();
  client.on('ready', () => {
    ready = true;
    told.clear();
    listener.onReady(true);
  });
  client.on('close', () => {
    // Every failed attempt to connect again ends in a close, too.
    if (ready) listener.onReady(false);
    ready = false;
  });
  client.on('error', (error: Error) => {
    // ioredis would go on with database 0, which may be somebody else's.
    if (isFailedSelect(error)) client.disconnect(true);
    // The same trouble comes with every attempt, up to twenty times a second; once is enough to know.
    // The message is empty when a host with several addresses cannot be reached.
    const trouble = `${error.name} ${error.message}`;
    if (told.has(trouble)) return;
    told.add(trouble);
    listener.onTrouble(error);
  });
  return client;
}

/** Connects to the same Redis to be told things. A Cluster has nobody to ask. */
export function connectSubscriber(options: RedisConnectionOptions, onTrouble: (error: Error) => void): Redis {
  // ioredis drops the messages of RESP3 that say what changed.
  const resp2 = { protocol: 2, autoResubscribe: false, connectionName: 'session-sidecar-changes' } as const;
  const connection = connectRedis(options, { onReady: () => undefined, onTrouble }, resp2);
  if (connection instanceof Redis) return connection;
  connection.disconnect();
  throw new TypeError('Expected a single Redis or one behind Sentinels, got a Cluster.');
}

function isFailedSelect(error: Error & { readonly command?: { readonly name: string } }): boolean {
  return error.command?.name === 'select';
}

function createClient(options: RedisConnectionOptions, more: MoreOptions): Redis | Cluster {
  const { mode, nodes, socketPath, db, sentinel, tls } = options;
  const common = { ...commonOptions(options), ...more };
  switch (mode) {
    case 'single':
      return new Redis({ ...common, db, ...(socketPath === undefined ? { ...nodes[0] } : { path: socketPath }) });
    case 'sentinel':
      return new Redis({
        ...common,
        db,
        sentinels: [...nodes],
        name: sentinel?.master ?? '',
        ...optional({ sentinelUsername: sentinel?.username, sentinelPassword: sentinel?.password }),
        ...(tls === undefined ? {} : { sentinelTLS: { ...tls }, enableTLSForSentinelMode: true }),
        sentinelRetryStrategy: reconnectDelay,
      });
    case 'cluster':
      return new Cluster([...nodes], {
        redisOptions: common,
        enableOfflineQueue: false,
        // Would send a write again whose connection broke before the reply came: it may have been executed.
        retryDelayOnFailover: 0,
        clusterRetryStrategy: reconnectDelay,
        slotsRefreshTimeout: options.connectTimeoutMs,
      });
  }
}

/** ioredis's defaults suit a web app that owns its Redis; these suit a sidecar whose callers have deadlines. */
function commonOptions({ username, password, tls, commandTimeoutMs, connectTimeoutMs }: RedisConnectionOptions) {
  return {
    // A caller must hear at once that the store is away, not when it is back.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // A resent write may run twice.
    autoResendUnfulfilledCommands: false,
    commandTimeout: commandTimeoutMs,
    connectTimeout: connectTimeoutMs,
    // A sidecar that stops does not wait for a broken connection to close.
    disconnectTimeout: 200,
    retryStrategy: reconnectDelay,
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

/** Full jitter, so that sidecars that lost the same Redis do not come back in step. */
function reconnectDelay(attempt: number): number {
  const cap = Math.min(longestReconnectDelay, shortestReconnectDelay * 2 ** (attempt - 1));
  return shortestReconnectDelay + Math.random() * cap;
}
