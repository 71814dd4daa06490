import type { EventBatch, LoggedEvent } from './event-log';
import { compareIds } from './position';
import type { EventId, Position } from './position';
import type { SessionEvent } from './session-event';

/** What was read of one partition after a position. */
export interface PartitionRead {
  readonly entries: readonly { readonly id: EventId; readonly event: SessionEvent }[];
  /** Whether there may be more. */
  readonly isPartial: boolean;
}

/**
 * Merges what was read of all partitions by the time when it was recorded.
 *
 * @param readAt when reading began, in ms since 1970 by the store's clock
 */
export function mergePartitions(after: Position, reads: readonly PartitionRead[], readAt: number): EventBatch {
  const all = reads.flatMap(({ entries }, partition) => entries.map((entry) => ({ ...entry, partition })));
  all.sort((one, other) => compareIds(one.id, other.id));
  let { ids } = after;
  const events = all.map(({ id, event, partition }): LoggedEvent => {
    ids = ids.with(partition, id);
    return { event, position: { ...after, ids } };
  });
  const partial = reads.filter(({ isPartial }) => isPartial);
  // A partition that was not read to its end may have events from the last one on.
  const ends = partial.map(({ entries }) => entries.at(-1)?.id.ms ?? after.time);
  const time = Math.max(after.time, Math.min(readAt, ...ends));
  return { events, position: { log: after.log, time, ids }, isPartial: partial.length > 0 };
}
