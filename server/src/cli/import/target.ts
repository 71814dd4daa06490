import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import { Registry } from 'prom-client';
import { version } from '../../../package.json';
import type { Config, RedisConfig } from '../../config/config';
import type { LiveConfig } from '../../config/live-config';
import { createLogger } from '../../logging';
import { createMetrics } from '../../metrics/metrics';
import { openStore } from '../../open-store';
import type { StoreContext } from '../../open-store';
import { DataCheck } from '../../session/data-rule';
import { sessionExists } from '../../session/errors';
import { SessionManager } from '../../session/session-manager';
import { expiryOf } from '../../session/session';
import type { SessionStore } from '../../session/session-store';
import { ImportProgress } from '../../store/redis/import-progress';
import { createTokens, randomSigningKey } from '../../tokens/token';
import type { Tokens } from '../../tokens/token';
import { CliError } from '../cli-error';
import { connectOnce } from '../connection/connect-once';
import { checkKeys } from './check-keys';
import { ServerChanges } from './server-changes';

/** Where sessions are imported to: the store of the sidecar, with its limits, expiry and events. */
export interface Target {
  readonly manager: SessionManager;
  readonly tokens: Tokens;
  readonly progress: ImportProgress;
  readonly changes: Pick<ServerChanges, 'occurred'>;
  readonly close: () => Promise<void>;
}

export interface TargetOptions {
  readonly config: Config;
  readonly redis: RedisConfig;
  readonly advise: LiveConfig['advise'];
  /** What distinguishes the source from others. */
  readonly source: string;
  /** Whether nothing is stored. */
  readonly isDry: boolean;
}

/** For everything that connecting takes. */
const patienceMs = 10_000;
const pollMs = 20;

/** @throws CliError if Redis cannot be reached, or has sessions that the settings cannot decrypt */
export async function openTarget(options: TargetOptions): Promise<Target> {
  const { config, redis, advise } = options;
  const client = await connectOnce(redis, advise, 'session-sidecar-import');
  try {
    await checkKeys(client, redis.keyPrefix, config.encryptionKeys);
    return await openOn(client, options);
  } catch (error) {
    client.disconnect();
    throw error;
  }
}

async function openOn(client: Redis | Cluster, options: TargetOptions): Promise<Target> {
  const { config, redis, advise, source, isDry } = options;
  const progress = new ImportProgress(client, redis.keyPrefix, source);
  const metrics = createMetrics(new Registry(), { version, store: 'redis' });
  const dataCheck = new DataCheck(config.dataRule);
  const opened = isDry ? undefined : await openReady(config, { metrics, dataCheck, advise });
  // A token is needed only to end what should not have been imported.
  const tokens = createTokens(config.signingKeys ?? [randomSigningKey()]);
  // Counts of one request do not limit an import.
  const limits = { ...config.limits, maxMutations: Infinity, maxReplyBytes: Infinity };
  const store = opened ?? dryStore(progress, config);
  return {
    manager: new SessionManager({ store, tokens, limits, expiry: config.expiry, events: metrics, dataCheck }),
    tokens,
    progress,
    changes: new ServerChanges(() => opened?.parts ?? []),
    close: async () => {
      await opened?.close();
      client.disconnect();
    },
  };
}

async function openReady(
  config: Config,
  parts: Pick<StoreContext, 'dataCheck' | 'advise'> & { readonly metrics: ReturnType<typeof createMetrics> },
): Promise<SessionStore> {
  const logger = createLogger('silent');
  const context = { ...parts, tracing: undefined, events: parts.metrics, logger };
  const { store } = openStore(config, context, () => {});
  // On a Cluster, a store is ready when one of its servers is.
  const isReady = (): boolean => store.ready && store.parts.every(({ ready }) => ready);
  const givenUpAt = performance.now() + patienceMs;
  while (!isReady() && performance.now() < givenUpAt) await sleep(pollMs);
  if (isReady()) return store;
  await store.close();
  throw new CliError('unavailable', 'Redis cannot be used. `session-sidecar doctor` examines it.');
}

/** Knows what is stored, and stores nothing. */
function dryStore(progress: ImportProgress, { expiry }: Config): SessionStore {
  const create: SessionStore['create'] = async ({ handle, idleTimeout }) => {
    if (await progress.hasSession(handle)) throw sessionExists();
    const now = Date.now();
    const times = { created: now, accessed: now, idleTimeout };
    return { ...times, expires: expiryOf(expiry, times), version: 1 };
  };
  return { create, delete: () => Promise.resolve(true) } as Partial<SessionStore> as SessionStore;
}
