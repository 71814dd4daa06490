import { SessionError } from '@session-sidecar/client';
import type { SessionEvent } from '@session-sidecar/client';
import { until } from '../support/poll';
import { eventsAreTold } from './check/events-told';
import { HistoryView } from './check/view';
import { now, sleep } from './clock';
import type { Instant } from './clock';
import type { History, SeenEvent, WatchedEvents } from './history';
import type { Random } from './random';
import type { Connection } from './worker/connection';

/** How long watching may take to begin, and what is missing to arrive, in ms. Generous, because the machine may be busy. */
const patienceMs = 20_000;

/** Collects what one watcher was told, or several watchers of a group. */
class Collected implements WatchedEvents {
  since: Instant = Infinity;
  until: Instant = Infinity;
  readonly restarts: { at: Instant; code: string }[] = [];
  readonly events: SeenEvent[] = [];

  constructor(readonly name: string) {}

  add({ type, handle, subject, version, time }: SessionEvent): void {
    this.events.push({ type, handle, subject, version, time: time.getTime(), at: now() });
  }
}

interface WatcherOptions {
  readonly group?: string;
  /** Begins anew with the cursor of an event that it was told: after so many, at random. */
  readonly reopens?: Random;
}

/** Watchers of one round: one through each sidecar, one that comes and goes with its cursor, and a group with one through each sidecar. */
export class Watchers {
  readonly #over = new AbortController();
  readonly #running: Promise<void>[] = [];
  readonly #collected: Collected[] = [];

  static async start(connections: readonly Connection[], random: Random): Promise<Watchers> {
    const watchers = new Watchers();
    const first = connections[0]!;
    for (const connection of connections)
      watchers.#watch(new Collected(`watcher of ${connection.sidecar}`), connection);
    watchers.#watch(new Collected('reopening watcher'), first, { reopens: random });
    const group = new Collected('group');
    const name = `g${random.int(0, 0x7fff_ffff)}`;
    watchers.#watch(group, first, { group: name });
    await until('watching to begin', () => watchers.#collected.every(({ since }) => since !== Infinity), patienceMs);
    for (const connection of connections.slice(1)) watchers.#watch(group, connection, { group: name });
    return watchers;
  }

  get watched(): readonly WatchedEvents[] {
    return this.#collected;
  }

  /** Waits for what is still to be told, but not for ever. */
  async settle(history: () => History): Promise<void> {
    for (const collected of this.#collected) collected.until = now();
    const end = now() + patienceMs;
    while (now() < end && eventsAreTold(new HistoryView(history())).length > 0) await sleep(200);
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#running);
  }

  #watch(collected: Collected, connection: Connection, options: WatcherOptions = {}): void {
    if (!this.#collected.includes(collected)) this.#collected.push(collected);
    this.#running.push(this.#run(collected, connection, options));
  }

  async #run(collected: Collected, { sessions }: Connection, { group, reopens }: WatcherOptions): Promise<void> {
    const { signal } = this.#over;
    const isOver = (): boolean => signal.aborted;
    let after: string | undefined;
    while (!isOver()) {
      let left = reopens?.int(1, 8) ?? Infinity;
      try {
        const isNew = after === undefined;
        const onReady = (): void => {
          if (isNew && (group === undefined || collected.since === Infinity)) collected.since = now();
        };
        for await (const event of sessions.watch({ group, after, signal, onReady })) {
          collected.add(event);
          if (group === undefined) after = event.cursor;
          left -= 1;
          if (left === 0) break;
        }
      } catch (error) {
        if (isOver()) return;
        collected.restarts.push({ at: now(), code: SessionError.is(error) ? error.code : String(error) });
        collected.since = Infinity;
        after = undefined;
        await sleep(100);
      }
    }
  }
}
