import type { RedisNode } from './redis-node';
import type { Sidecar } from './sidecar';

/** Two sidecars and their Redis, for one part of a run. */
export interface World {
  readonly sidecars: readonly Sidecar[];
  /** All Redis servers and Sentinels. */
  readonly servers: readonly RedisNode[];
  /** The hash slot of a session's key; 0 without a Cluster. */
  slotOf(handle: string): Promise<number>;
  /** Waits until the store has recovered completely, as the next fault requires. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

/** The default prefix of session keys. */
export const keyPrefix = 'session:';
