import type { Redis } from 'ioredis';
import type { RedisConnectionOptions } from '../../server/src/store/redis/connection/client-options';
import { connectRedis, createSubscriber } from '../../server/src/store/redis/connection/connect';
import type { RedisConnection } from '../../server/src/store/redis/connection/redis-connection';
import { RedisStore } from '../../server/src/store/redis/redis-store';
import type {
  ChangesOptions,
  EncryptionOptions,
  NearCacheOptions,
} from '../../server/src/store/redis/redis-store-options';
import { ControlledStore } from '../../server/src/store/memory/controlled-store';
import { MemoryStore } from '../../server/src/store/memory/memory-store';
import type { SessionInventory } from '../../server/src/session/admin/session-inventory';
import type { DataCheck } from '../../server/src/session/data-rule';
import type { Limits } from '../../server/src/session/limits';
import type { ExpiryPolicy } from '../../server/src/session/session';
import type { SessionStore } from '../../server/src/session/session-store';
import type { SubjectLimit, SubjectLimitResult } from '../../server/src/session/subject-limit';
import { ManualClock, moveMonotonicClock } from './clock';
import { until } from './poll';
import type { RedisServer } from './redis';

/** A store under test, and control over its time. */
export interface StoreHarness {
  readonly store: SessionStore;
  readonly inventory: SessionInventory;
  /** The handles of sessions whose replaced tokens were used after their grace, in the order of the reports. */
  readonly replacedTokens: readonly string[];
  /** What the store has reported of the limit of sessions per subject. */
  readonly limitReports: readonly SubjectLimitResult[];
  /** Lets time pass for everything stored. */
  advance(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

export interface StoreSettings {
  readonly expiry: ExpiryPolicy;
  readonly limits: Limits;
  readonly subjectLimit?: SubjectLimit | undefined;
  readonly dataCheck?: DataCheck | undefined;
}

export type MakeStore = (settings: StoreSettings) => Promise<StoreHarness>;

export const generousLimits: Limits = {
  maxSessionBytes: 262_144,
  maxKeys: 1000,
  maxFlashMessages: 100,
  maxFlashQueues: 100,
  maxMutations: 1000,
  maxReplyBytes: 1_048_576,
  maxWorkBytes: 262_144,
};

export const twentyMinutes: ExpiryPolicy = {
  idleTimeout: 20 * 60_000,
  touchInterval: undefined,
  maxLifetime: undefined,
};

export const keyPrefix = 'session:';

const memoryBytes = 64 * 1024 * 1024;

export const makeMemoryStore: MakeStore = (settings) => {
  const clock = new ManualClock();
  const { options, reports } = recordReports();
  const store = new MemoryStore({ ...settings, ...options, maxBytes: memoryBytes, now: clock.now });
  return Promise.resolve({
    store,
    inventory: store.inventory,
    ...reports,
    advance: (milliseconds) => {
      clock.advance(milliseconds);
      return Promise.resolve();
    },
    close: () => store.close(),
  });
};

export const makeControlledStore: MakeStore = (settings) => {
  const { now } = new ManualClock();
  const { options, reports } = recordReports();
  const store = new ControlledStore({ ...settings, ...options, maxBytes: memoryBytes, now });
  return Promise.resolve({
    store,
    inventory: store.inventory,
    ...reports,
    advance: (milliseconds) => {
      store.advance(milliseconds);
      return Promise.resolve();
    },
    close: () => store.close(),
  });
};

export function redisConnectionOptions(overrides: Partial<RedisConnectionOptions>): RedisConnectionOptions {
  return {
    mode: 'single',
    nodes: [],
    socketPath: undefined,
    tls: undefined,
    username: undefined,
    password: undefined,
    db: 0,
    sentinel: undefined,
    commandTimeoutMs: 5_000,
    connectTimeoutMs: 5_000,
    maxSilenceMs: 5_000,
    ...overrides,
  };
}

export function connectForTest(options: RedisConnectionOptions): RedisConnection {
  return connectRedis(options, { onReady: () => undefined, onTrouble: () => undefined });
}

/** Options of a store, and what it reports by them. */
function recordReports() {
  const replacedTokens: string[] = [];
  const limitReports: SubjectLimitResult[] = [];
  const subjects = {
    subjectLimitReached: (result: SubjectLimitResult) => void limitReports.push(result),
    subjectUpkeepFailed: () => undefined,
  };
  const options = { onReplacedToken: (handle: string) => void replacedTokens.push(handle), subjects };
  return { options, reports: { replacedTokens, limitReports } };
}

interface RedisStoreSettings {
  readonly expireKeys?: boolean;
  readonly nearCache?: NearCacheReads;
  /** Default: sessions are not encrypted. */
  readonly encryption?: EncryptionOptions;
  /** Whether each read is repeated. Default: with a near cache. */
  readonly readsTwice?: boolean;
}

/** @param servers all nodes that can hold sessions */
export function makeRedisStore(
  options: RedisConnectionOptions,
  servers: readonly RedisServer[],
  { expireKeys = true, nearCache, encryption, readsTwice = nearCache !== undefined }: RedisStoreSettings = {},
): MakeStore {
  return async (settings) => {
    const connection = connectForTest(options);
    const { commandTimeoutMs } = options;
    const near =
      nearCache &&
      nearCacheFor(
        nearCache,
        createSubscriber(options, () => undefined),
      );
    const { options: observers, reports } = recordReports();
    const store = new RedisStore({
      ...{ connection, commandTimeoutMs, ...settings, keyPrefix, expireKeys, encryption, ...near?.options },
      ...observers,
    });
    // A Cluster's store is ready with its first node, but tests need all of them.
    await until(
      'the Redis connection',
      () => store.ready && store.parts.every(({ ready }) => ready) && near?.isReady() !== false,
    );
    return {
      store: readsTwice ? readingTwice(store) : store,
      inventory: store.inventory,
      ...reports,
      advance: async (milliseconds) => {
        await Promise.all(servers.map((server) => age(server, milliseconds)));
        // Invalidations arrive before the answer to a later command.
        await near?.options.changes.subscriber.ping();
      },
      close: () => store.close(),
    };
  };
}

/** Repeats each read and returns the last result, so that the near cache answers whenever it can. */
function readingTwice(store: SessionStore): SessionStore {
  return {
    validate: (ref, held, deadline) => store.validate(ref, held, deadline),
    create: (session, deadline) => store.create(session, deadline),
    update: (ref, change, deadline) => store.update(ref, change, deadline),
    acquire: (ref, request, deadline) => store.acquire(ref, request, deadline),
    release: (ref, fence, deadline) => store.release(ref, fence, deadline),
    delete: (ref, deadline) => store.delete(ref, deadline),
    listSubject: (subject, page, deadline) => store.listSubject(subject, page, deadline),
    deleteSubject: (subject, selection, deadline) => store.deleteSubject(subject, selection, deadline),
    close: () => store.close(),
    changes: store.changes,
    get ready() {
      return store.ready;
    },
    get parts() {
      return store.parts;
    },
    async load(ref, deadline) {
      const first = await store.load(ref, deadline);
      await store.load(ref, deadline);
      const last = await store.load(ref, deadline);
      return first && last && { ...last, touched: first.touched };
    },
  };
}

/** Counts the reads of a near cache. */
export interface NearCacheReads {
  hits: number;
  misses: number;
}

/** @param reads counters to increment */
export function nearCacheFor(reads: NearCacheReads, subscriber: Redis, maxBytes = 64 * 1024 * 1024) {
  let ready = false;
  const nearCache: NearCacheOptions = {
    maxBytes,
    observer: {
      nearCacheRead: (hit) => {
        if (hit) reads.hits += 1;
        else reads.misses += 1;
      },
      setNearCacheReady: (isReady) => {
        ready = isReady;
      },
    },
  };
  const changes: ChangesOptions = {
    subscriber,
    observer: { setChangeFeedReady: () => undefined },
    onTrouble: () => undefined,
  };
  const options = { nearCache, changes };
  return { options, isReady: () => ready };
}

/**
 * Lets time pass for stored sessions. The clock of Redis cannot be moved forward, so this moves everything stored back instead: the
 * times in the records and in the indexes of subjects, and the TTLs of the keys. The monotonic clock of this process moves forward.
 */
export async function age({ admin }: RedisServer, milliseconds: number): Promise<void> {
  moveMonotonicClock(milliseconds);
  for (const key of await admin.keys(`${keyPrefix}*`)) {
    const expires = await admin.pexpiretime(key);
    if ((await admin.type(key)) === 'zset') await ageIndex(admin, key, milliseconds);
    else await ageRecord(admin, key, milliseconds);
    if (expires > 0) await admin.pexpireat(key, expires - milliseconds);
  }
}

async function ageRecord(admin: Redis, key: string, milliseconds: number): Promise<void> {
  const record = await admin.getBuffer(key);
  if (record === null) return;
  const [format, version, created, accessed, ...rest] = record.toString('latin1').split(' ');
  const back = (time: string | undefined) => String(Number(time) - milliseconds);
  const header = [format, version, back(created), back(accessed), ...rest].join(' ');
  // The ends of a lease and of a grace, in attributes.
  const aged = header.replace(/(?<=\n@\d+,\d+ (?:lease \d+|previous [\w-]+) )\d{13}/g, back);
  await admin.set(key, Buffer.from(aged, 'latin1'));
}

/** The scores of attachments in flight are negative times; those of entries that are kept for ever are no times. */
async function ageIndex(admin: Redis, key: string, milliseconds: number): Promise<void> {
  const members = await admin.zrange(key, 0, '-1', 'WITHSCORES');
  for (let at = 0; at < members.length; at += 2) {
    const [member = '', score = ''] = members.slice(at, at + 2);
    if (Number(score) < 2 ** 52) await admin.zincrby(key, -Math.sign(Number(score)) * milliseconds, member);
  }
}
