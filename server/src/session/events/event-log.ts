import type { Position } from './position';
import type { SessionEvent } from './session-event';

/**
 * The events of all sessions, kept for a while. Nothing is recorded, and nothing is spent, while nothing asks for it.
 *
 * Methods reject as those of {@link SessionStore}; those that take a position also reject with `CURSOR_EXPIRED` if events after it
 * may be missing.
 */
export interface EventLog {
  readonly partitions: number;

  /** Has events recorded, by all processes, until the returned function is called. */
  keepRecording(): () => void;

  /** The end of the log, as soon as all processes record their events. Settles soon after `signal` is aborted. */
  end(signal: AbortSignal): Promise<Position>;

  /** Rejects if events after a position may be missing. */
  check(position: Position): Promise<void>;

  /** The events after a position, at most approximately `maxEvents`. */
  read(after: Position, maxEvents: number): Promise<EventBatch>;

  /** Resolves when there may be events after a position, but at the latest after some time, and when `signal` is aborted. */
  wait(after: Position, milliseconds: number, signal: AbortSignal): Promise<void>;

  readonly groups: EventGroups;
}

export interface EventBatch {
  /** In the order in which they were recorded; those of different partitions, approximately. */
  readonly events: readonly LoggedEvent[];
  /** After all of them. */
  readonly position: Position;
  /** Whether there are more. */
  readonly isPartial: boolean;
}

export interface LoggedEvent {
  readonly event: SessionEvent;
  /** Of its own and all earlier events of the batch. */
  readonly position: Position;
}

/** Watchers that share events: one of them is active and receives all of them. */
export interface EventGroups {
  /**
   * Makes a watcher the active one, unless another one is; or keeps it active, for {@link groupLeaseMs}. To be repeated.
   *
   * @param from where a new group begins
   * @param acknowledged whether the group has processed everything up to `from`
   */
  join(group: string, watcher: string, from: Position, acknowledged: boolean): Promise<GroupState>;

  /** Records that a group has processed everything up to a position. */
  acknowledge(group: string, position: Position): Promise<void>;

  /** Another watcher can be the active one at once. */
  leave(group: string, watcher: string): Promise<void>;
}

export interface GroupState {
  readonly isActive: boolean;
  /** What the group has acknowledged. */
  readonly acknowledged: Position;
}

/** For how long a watcher that no longer renews it remains the active one of its group. */
export const groupLeaseMs = 5000;
