import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { cursorExpired } from '../../session/errors';
import { mergePartitions } from '../../session/events/batches';
import { groupLeaseMs } from '../../session/events/event-log';
import type { EventBatch, EventGroups, EventLog, GroupState } from '../../session/events/event-log';
import { beginning, compareIds } from '../../session/events/position';
import type { EventId, Position } from '../../session/events/position';
import type { SessionEvent, SessionEventObserver } from '../../session/events/session-event';

export interface MemoryEventLogOptions {
  /** How long events are kept, and recorded after nothing asks for it any more, in ms. */
  readonly retentionMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly observer: SessionEventObserver;
}

interface Group {
  acknowledged: Position;
  active: string | undefined;
  activeUntil: number;
}

/** Maximum number of events in memory, a few hundred bytes each. */
const maxEvents = 20_000;

/* oxlint-disable typescript/require-await -- async only so that a throw is a rejection */

/** The events of the sessions in the memory of this process. */
export class MemoryEventLog implements EventLog {
  readonly partitions = 1;
  readonly groups: EventGroups;
  readonly #options: MemoryEventLogOptions;
  #log = newLog();
  #entries: { readonly id: EventId; readonly event: SessionEvent }[] = [];
  readonly #groups = new Map<string, Group>();
  #last = beginning;
  /** The last event that is no longer kept. */
  #dropped = beginning;
  #interests = 0;
  #recordUntil = -Infinity;
  #isRecording = false;
  readonly #waiting = new Set<() => void>();

  constructor(options: MemoryEventLogOptions) {
    this.#options = options;
    this.groups = {
      join: async (...args) => this.#join(...args),
      acknowledge: async (group, position) => this.#acknowledge(group, position),
      leave: async (group, watcher) => this.#leave(group, watcher),
    };
  }

  /** Whether changes are to be recorded. */
  get isRecording(): boolean {
    this.#notice();
    return this.#isRecording;
  }

  keepRecording(): () => void {
    // Notices that recording had ended before it begins again.
    this.#notice();
    this.#interests += 1;
    this.#notice();
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      this.#interests -= 1;
      this.#recordUntil = this.#options.now() + this.#options.retentionMs;
    };
  }

  record(change: Omit<SessionEvent, 'time'>): void {
    if (!this.isRecording) return;
    const { now, retentionMs, observer } = this.#options;
    const time = now();
    const ms = Math.max(time, this.#last.ms);
    const id = { ms, seq: ms === this.#last.ms ? this.#last.seq + 1 : 0 };
    const event = { ...change, time };
    this.#last = id;
    this.#entries.push({ id, event });
    const kept = this.#entries.findIndex((entry) => entry.id.ms >= time - retentionMs);
    const surplus = Math.max(kept, this.#entries.length - maxEvents);
    this.#dropped = this.#entries.splice(0, surplus).at(-1)?.id ?? this.#dropped;
    observer.eventRecorded(event);
    for (const wake of this.#waiting) wake();
  }

  async end(): Promise<Position> {
    return { log: this.#log, time: this.#options.now(), ids: [this.#last] };
  }

  async check({ log, time, ids: [id = beginning] }: Position): Promise<void> {
    const { now, retentionMs } = this.#options;
    const isOld = time < now() - retentionMs || compareIds(id, this.#dropped) < 0;
    if (log !== this.#log || isOld || compareIds(id, this.#last) > 0) throw cursorExpired();
  }

  async read(after: Position, limit: number): Promise<EventBatch> {
    const readAt = this.#options.now();
    await this.check(after);
    const [id = beginning] = after.ids;
    const from = this.#entries.findIndex((entry) => compareIds(entry.id, id) > 0);
    const entries = from < 0 ? [] : this.#entries.slice(from, from + limit);
    return mergePartitions(after, [{ entries, isPartial: entries.length === limit }], readAt);
  }

  async wait({ ids: [id = beginning] }: Position, milliseconds: number, signal: AbortSignal): Promise<void> {
    if (compareIds(this.#last, id) > 0) return;
    const woken = new AbortController();
    const wake = (): void => woken.abort();
    this.#waiting.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    if (signal.aborted) wake();
    await sleep(milliseconds, undefined, { signal: woken.signal, ref: false }).catch(() => {});
    signal.removeEventListener('abort', wake);
    this.#waiting.delete(wake);
  }

  #notice(): void {
    const isRecording = this.#interests > 0 || this.#options.now() < this.#recordUntil;
    if (isRecording === this.#isRecording) return;
    this.#isRecording = isRecording;
    this.#options.observer.setRecording(isRecording);
    if (isRecording) return;
    this.#log = newLog();
    this.#entries = [];
    this.#groups.clear();
    this.#dropped = beginning;
  }

  #join(name: string, watcher: string, from: Position, acknowledged: boolean): GroupState {
    const now = this.#options.now();
    const group = this.#groups.get(name) ?? { acknowledged: from, active: undefined, activeUntil: 0 };
    this.#groups.set(name, group);
    if (acknowledged) this.#acknowledge(name, from);
    const isActive = group.active === undefined || group.active === watcher || now >= group.activeUntil;
    if (isActive) Object.assign(group, { active: watcher, activeUntil: now + groupLeaseMs });
    return { isActive, acknowledged: group.acknowledged };
  }

  #acknowledge(name: string, position: Position): void {
    const group = this.#groups.get(name);
    if (group === undefined) return;
    const [known = beginning] = group.acknowledged.ids;
    const [id = beginning] = position.ids;
    if (compareIds(id, known) >= 0 && position.time >= group.acknowledged.time) group.acknowledged = position;
  }

  #leave(name: string, watcher: string): void {
    const group = this.#groups.get(name);
    if (group?.active === watcher) group.active = undefined;
  }
}

function newLog(): string {
  return randomBytes(8).toString('hex');
}
