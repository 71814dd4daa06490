import type { Redis } from 'ioredis';
import type { DataCheck } from '../../session/data-rule';
import type { UnreadableRecordError } from '../../session/errors';
import type { Limits } from '../../session/limits';
import type { ExpiryPolicy } from '../../session/session';
import type { SubjectLimit, SubjectLimitObserver } from '../../session/subject-limit';
import type { ChangeFeedObserver } from './change-feed/redis-change-feed';
import type { RedisConnection } from './connection/redis-connection';
import type { ContentKeys } from './encryption/content-keys';
import type { RecordReadObserver } from './encryption/session-codec';
import type { RedisEvents } from './events/redis-events';
import type { NearCacheObserver } from './near-cache/near-cache';
import type { ReplicationOptions } from './replication';
import type { SubjectUpkeepObserver } from './subjects/upkeep';

export interface RedisStoreOptions {
  /** A connection of the store's own, on which it defines its scripts. The store closes it. */
  readonly connection: RedisConnection;
  /** Time limit of one Redis command, in ms. */
  readonly commandTimeoutMs: number;
  readonly expiry: ExpiryPolicy;
  readonly limits: Limits;
  /** Default: data may be anything. */
  readonly dataCheck?: DataCheck | undefined;
  /** The prefix of a session's key, before the handle. */
  readonly keyPrefix: string;
  /** `false`: expiry is kept in the record alone and Redis gets no TTL (LRU mode). */
  readonly expireKeys: boolean;
  /** `undefined`: a change is acknowledged once the master has it. */
  readonly replication?: ReplicationOptions | undefined;
  /** `undefined`: changes are not reported. Not with a Cluster, and not without `expireKeys`. */
  readonly changes?: ChangesOptions | undefined;
  /** `undefined`: none. Not without `changes`. */
  readonly nearCache?: NearCacheOptions | undefined;
  /** Records when sessions begin, get a new token and end; `undefined`: nothing does. */
  readonly events?: Pick<RedisEvents, 'recorder' | 'close'> | undefined;
  /** `undefined`: contents are in clear. */
  readonly encryption?: EncryptionOptions | undefined;
  /** `undefined`: a subject may have any number of sessions. */
  readonly subjectLimit?: SubjectLimit | undefined;
  readonly subjects?: (SubjectUpkeepObserver & SubjectLimitObserver) | undefined;
  /** A record that could not be read was deleted. */
  readonly onUnreadableDeleted?: ((error: UnreadableRecordError) => void) | undefined;
  /** A replaced token was used after its grace. */
  readonly onReplacedToken?: ((handle: string) => void) | undefined;
}

export interface ChangesOptions {
  /** A connection to the same Redis, for invalidations only, not connected yet. The store closes it. */
  readonly subscriber: Redis;
  readonly observer: ChangeFeedObserver;
  /** Redis does not send invalidations, so changes cannot be reported. */
  readonly onTrouble: (error: Error) => void;
}

export interface EncryptionOptions {
  readonly keys: ContentKeys;
  readonly observer?: RecordReadObserver | undefined;
}

export interface NearCacheOptions {
  readonly maxBytes: number;
  readonly observer: NearCacheObserver;
}
