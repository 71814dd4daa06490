import type { Operation, Stall } from '../history';

/** How to make the calls of a round. */
export interface Workload {
  /** Another one for each worker. */
  readonly seed: number;
  /** The same for all workers. Users of other rounds are others. */
  readonly round: number;
  /** The maximum number of calls in flight in each worker, besides those on idle sessions. */
  readonly lanes: number;
  /** The maximum pause of a lane between two calls, in ms. */
  readonly maxPauseMs: number;
  /** The number of sessions in use. */
  readonly sharedSlots: number;
  /** A sidecar that only serves reads, so that its own changes do not remove sessions from its cache. */
  readonly readingSidecar?: string | undefined;
  /** The number of sessions with a short idle timeout in each worker. */
  readonly idleSlots: number;
  /** Whether sessions belong to users: calls on all sessions of a user, logins, leases and graces. */
  readonly users: boolean;
  /** Whether an operator ends sessions, too. */
  readonly operator: boolean;
  /** The idle timeout of the sessions in use. Default: longer than any run. */
  readonly idleTimeoutMs?: number | undefined;
}

export interface Target {
  readonly sidecar: string;
  readonly address: string;
  /** Of the service for administration, if it is served. */
  readonly adminAddress?: string | undefined;
}

/** The set-up of a worker when it starts. */
export interface WorkerSetup {
  readonly name: string;
  /** Its number among all workers, from 0. */
  readonly index: number;
  readonly count: number;
  readonly targets: readonly Target[];
  readonly transport: 'pipeline' | 'unary';
  /** Whether typed sessions use a cache. */
  readonly cache: boolean;
  readonly touchIntervalMs: number;
}

/** A session that was created or got a new token, which all workers need to know. */
export interface SessionNews {
  readonly slot: number;
  readonly name: string;
  readonly handle: string;
  /** The id of the operation that made the token. */
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
  /** Starts no new call, and reports when all calls have ended. */
  | { readonly type: 'finish' };

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'news'; readonly news: SessionNews }
  | { readonly type: 'operations'; readonly operations: readonly Operation[]; readonly stalls: readonly Stall[] }
  | { readonly type: 'finished' };
