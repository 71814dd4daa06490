import type { Operation, Stall } from '../history';

/** How the calls of a round are made. */
export interface Workload {
  readonly seed: number;
  /** How many calls each worker has in flight at most, besides those of idle sessions. */
  readonly lanes: number;
  /** The longest pause of a lane between two calls, in ms. */
  readonly longestPauseMs: number;
  /** How many sessions are used at a time. */
  readonly sharedSlots: number;
  /** A sidecar that is asked for nothing but reads, so that what it remembers is not dropped by its own changes. */
  readonly readingSidecar?: string | undefined;
  /** How many sessions with a short idle timeout each worker has. */
  readonly idleSlots: number;
}

export interface Target {
  readonly sidecar: string;
  readonly address: string;
}

/** What a worker is told when it starts. */
export interface WorkerSetup {
  readonly name: string;
  /** Which of how many it is. */
  readonly index: number;
  readonly count: number;
  readonly targets: readonly Target[];
  readonly transport: 'pipeline' | 'unary';
  /** Whether typed sessions are cached. */
  readonly cache: boolean;
  readonly touchIntervalMs: number;
}

/** A session that was made, or has got a new token, as all workers need to know. */
export interface SessionNews {
  readonly slot: number;
  readonly name: string;
  readonly handle: string;
  /** By the id of the operation that made it. */
  readonly tokenName: string;
  readonly token: string;
  readonly idleTimeoutMs: number | undefined;
  /** Whether all workers use it. */
  readonly isShared: boolean;
}

export type ToWorker =
  | { readonly type: 'setup'; readonly setup: WorkerSetup }
  | { readonly type: 'begin'; readonly workload: Workload }
  | { readonly type: 'news'; readonly news: SessionNews }
  /** Begin nothing new, and say when everything has ended. */
  | { readonly type: 'finish' };

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'news'; readonly news: SessionNews }
  | { readonly type: 'operations'; readonly operations: readonly Operation[]; readonly stalls: readonly Stall[] }
  | { readonly type: 'finished' };
