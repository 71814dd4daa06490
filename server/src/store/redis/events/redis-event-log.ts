import { setTimeout as sleep } from 'node:timers/promises';
import { cursorExpired } from '../../../session/errors';
import { mergePartitions } from '../../../session/events/batches';
import type { PartitionRead } from '../../../session/events/batches';
import type { EventBatch, EventGroups, EventLog } from '../../../session/events/event-log';
import { beginning, compareIds } from '../../../session/events/position';
import type { EventId, Position } from '../../../session/events/position';
import { formatId, parseEvent, parseId } from './event-codec';
import { partitionCount } from './event-keys';
import type { EventKeys } from './event-keys';
import type { EventScripts } from './event-scripts';
import type { Presence } from './presence';
import { redisEventGroups } from './redis-event-groups';

export interface RedisEventLogOptions {
  readonly scripts: EventScripts;
  readonly keys: EventKeys;
  readonly presence: Presence;
  readonly retentionMs: number;
}

/** How long the last read of the ends of the partitions serves all watchers, in ms: how late an event is seen. */
const pollMs = 100;

const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);

/**
 * The events in Redis streams. They are polled: blocking reads would need a connection for each server, and reading the ends of the
 * partitions, which serves all watchers of this sidecar, costs Redis little.
 */
export class RedisEventLog implements EventLog {
  readonly partitions = partitionCount;
  readonly groups: EventGroups;
  readonly #options: RedisEventLogOptions;
  #ends: Promise<readonly EventId[]> | undefined;

  constructor(options: RedisEventLogOptions) {
    this.#options = options;
    this.groups = redisEventGroups(options);
  }

  keepRecording(): () => void {
    return this.#options.presence.keepRecording();
  }

  async end(signal: AbortSignal): Promise<Position> {
    const { presence } = this.#options;
    const log = await presence.settled(signal);
    const time = presence.now;
    return { log, time, ids: await this.#readEnds(log) };
  }

  async check(position: Position): Promise<void> {
    this.#checkWindow(position);
    const { presence, retentionMs } = this.#options;
    const ends = await this.#readEnds(position.log);
    // A failover has lost what a watcher has already seen, and its successors may have earlier ids.
    const isLost = position.ids.some(
      (id, partition) => compareIds(id, ends[partition] ?? beginning) > 0 && id.ms >= presence.now - retentionMs,
    );
    if (isLost) throw cursorExpired();
  }

  async read(after: Position, maxEvents: number): Promise<EventBatch> {
    this.#checkWindow(after);
    const readAt = this.#options.presence.now;
    const reads = await Promise.all(partitions.map((partition) => this.#readPartition(after, partition, maxEvents)));
    return mergePartitions(after, reads, readAt);
  }

  async wait(after: Position, milliseconds: number, signal: AbortSignal): Promise<void> {
    const giveUpAt = performance.now() + milliseconds;
    while (!signal.aborted && performance.now() < giveUpAt) {
      const ends = await (this.#ends ??= this.#pollEnds(after.log));
      if (ends.some((end, partition) => compareIds(end, after.ids[partition] ?? beginning) > 0)) return;
      await sleep(pollMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  #checkWindow({ log, time }: Position): void {
    const { presence, retentionMs } = this.#options;
    if (log !== presence.log || time < presence.now - retentionMs) throw cursorExpired();
  }

  async #readPartition({ log, ids }: Position, partition: number, count: number): Promise<PartitionRead> {
    const { scripts, keys } = this.#options;
    const from = formatId(ids[partition] ?? beginning);
    const found = await scripts.range(keys.events(log, partition), `(${from}`, count);
    const entries = found.flatMap(([id, [, text = '']]) => {
      const event = parseEvent(id, text);
      return event === undefined ? [] : [{ id: parseId(id), event }];
    });
    return { entries, isPartial: found.length === count };
  }

  /** Shared by all watchers for a while. */
  #pollEnds(log: string): Promise<readonly EventId[]> {
    setTimeout(() => (this.#ends = undefined), pollMs).unref();
    return this.#readEnds(log);
  }

  #readEnds(log: string): Promise<readonly EventId[]> {
    const { scripts, keys } = this.#options;
    return Promise.all(
      partitions.map(async (partition) => {
        const [last] = await scripts.range(keys.events(log, partition), '+', 1);
        return last === undefined ? beginning : parseId(last[0]);
      }),
    );
  }
}
