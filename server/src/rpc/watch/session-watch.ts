import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { invalidArgument, SessionError } from '../../session/errors';
import { nameViolations } from '../../session/validation';
import type { FieldViolation } from '../../session/violations';
import type { EventLog } from '../../session/events/event-log';
import { GroupLease } from './group-lease';
import { fromCursor, toCursor } from '../../session/events/position';
import type { Position } from '../../session/events/position';
import type { SessionEvent } from '../../session/events/session-event';

export interface WatchRequest {
  readonly subject?: string | undefined;
  readonly group?: string | undefined;
  readonly after?: string | undefined;
}

/** An event, or only how far the log has been read. */
export interface WatchUpdate {
  readonly event?: SessionEvent;
  readonly cursor: string;
}

/** Read, and held in memory, at once. */
const eventsPerRead = 64;
/** How long a watcher without events waits before it looks again, in ms. */
const waitMs = 1000;
/** How old the cursor of a client that gets no events becomes, in ms: less than the minimum retention window. */
const progressMs = 10_000;

/** The use cases of watching. */
export class SessionWatch {
  readonly #log: EventLog;

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** The first update has no event: from then on, nothing is missed. Reads only as much as is taken. */
  async *watch(request: WatchRequest, signal: AbortSignal): AsyncGenerator<WatchUpdate, void> {
    const { subject, group } = request;
    const after = this.#checked(request);
    const release = this.#log.keepRecording();
    let lease: GroupLease | undefined;
    try {
      const end = await this.#log.end(signal);
      if (after !== undefined) await this.#log.check(after);
      if (group !== undefined) {
        lease = await GroupLease.join(this.#log.groups, { group, watcher: randomUUID() }, { after, end });
      }
      const position = lease?.acknowledged ?? after ?? end;
      yield { cursor: toCursor(position) };
      yield* this.#updates(position, subject, lease, signal);
    } catch (error) {
      // Otherwise, the group could never be watched again.
      if (group !== undefined && after === undefined && isExpired(error)) await this.#restart(group, signal);
      throw error;
    } finally {
      release();
      await lease?.leave();
    }
  }

  /** Says that a group has processed everything up to a cursor. */
  async acknowledge(group: string, cursor: string): Promise<void> {
    const violations = [...groupViolations(group), ...this.#cursorViolations('cursor', cursor)];
    if (violations.length > 0) throw invalidArgument(violations);
    const position = fromCursor(cursor, this.#log.partitions)!;
    await this.#log.check(position);
    await this.#log.groups.acknowledge(group, position);
  }

  async *#updates(
    from: Position,
    subject: string | undefined,
    lease: GroupLease | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<WatchUpdate, void> {
    let position = from;
    let sentAt = performance.now();
    const isOver = (): boolean => signal.aborted || isStandby(lease);
    while (!signal.aborted) {
      if (isStandby(lease)) {
        await waitFor(waitMs, signal);
        await lease.renew();
        position = lease.acknowledged;
      } else {
        const batch = await this.#log.read(position, eventsPerRead);
        for (const { event, position: at } of batch.events) {
          if (isOver()) break;
          position = at;
          if (subject !== undefined && event.subject !== subject) continue;
          yield { event, cursor: toCursor(at) };
          sentAt = performance.now();
        }
        if (isOver()) continue;
        position = batch.position;
        if (!batch.isPartial) await this.#log.wait(position, waitMs, signal);
      }
      if (performance.now() - sentAt >= progressMs) {
        yield { cursor: toCursor(position) };
        sentAt = performance.now();
      }
    }
  }

  /** Events of the group were lost, which its watcher is told once. */
  async #restart(group: string, signal: AbortSignal): Promise<void> {
    await this.#log.groups.acknowledge(group, await this.#log.end(signal));
  }

  #checked({ subject, group, after }: WatchRequest): Position | undefined {
    const violations = [
      ...(subject === undefined ? [] : nameViolations('subject', subject)),
      ...(group === undefined ? [] : groupViolations(group)),
      ...(after === undefined ? [] : this.#cursorViolations('after', after)),
    ];
    if (violations.length > 0) throw invalidArgument(violations);
    return after === undefined ? undefined : fromCursor(after, this.#log.partitions);
  }

  #cursorViolations(field: string, cursor: string): FieldViolation[] {
    if (fromCursor(cursor, this.#log.partitions) !== undefined) return [];
    return [{ field, description: `Expected the cursor of an earlier response, got ${cursor.length} characters.` }];
  }
}

/** Another watcher of its group gets the events. */
function isStandby(lease: GroupLease | undefined): lease is GroupLease {
  return lease !== undefined && !lease.isActive;
}

function groupViolations(group: string): FieldViolation[] {
  if (/^[\w.-]{1,64}$/.test(group)) return [];
  return [{ field: 'group', description: `Expected 1 to 64 letters, digits and ._-, got ${group.length} characters.` }];
}

function isExpired(error: unknown): boolean {
  return error instanceof SessionError && error.reason === 'CURSOR_EXPIRED';
}

async function waitFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal, ref: false }).catch(() => {});
}
