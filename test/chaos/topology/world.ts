import type { Sidecar } from './sidecar';

/** Two sidecars and the Redis behind them, for as long as one part of a run takes. */
export interface World {
  readonly sidecars: readonly Sidecar[];
  /** The hash slot of a session's key; 0 without a Cluster. */
  slotOf(handle: string): Promise<number>;
  /** Waits until the store is whole again, so that the next fault finds what it is made for. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

/** What comes before a handle in a session's key, by default. */
export const keyPrefix = 'session:';
