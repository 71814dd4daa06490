import { expiryOf } from '../../../session/session';
import type { ExpiryPolicy } from '../../../session/session';
import type { SessionEvent } from '../../../session/events/session-event';
import { decodeHeader, maxHeaderBytes } from '../record-codec';
import { parseEvent } from './event-codec';
import { partitionCount } from './event-keys';
import type { EventKeys } from './event-keys';
import type { EventScripts } from './event-scripts';
import type { Presence } from './presence';

export interface ExpiryPollerOptions {
  readonly scripts: EventScripts;
  readonly keys: EventKeys;
  readonly presence: Presence;
  readonly retentionMs: number;
  readonly expiry: ExpiryPolicy;
  readonly onRecorded: (event: SessionEvent) => void;
}

/** Sessions of one partition that are looked at together. */
const sessionsPerStep = 100;
/** Steps of one partition without a pause. */
const maxSteps = 20;

/**
 * Finds out which sessions have ended by themselves. Reads move the end of a session and tell nothing, so the log looks at a session
 * when the last end that it knows of is due: if it is still there, at its new end again.
 */
export class ExpiryPoller {
  readonly #options: ExpiryPollerOptions;

  constructor(options: ExpiryPollerOptions) {
    this.#options = options;
  }

  /** Looks at all sessions that are due. What cannot be read now remains due. */
  async poll(log: string): Promise<void> {
    const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
    await Promise.all(partitions.map((partition) => this.#pollPartition(log, partition).catch(() => {})));
  }

  async #pollPartition(log: string, partition: number): Promise<void> {
    const { scripts, keys, retentionMs, expiry, onRecorded } = this.#options;
    const all = keys.partition(log, partition);
    for (let step = 0; step < maxSteps; step += 1) {
      const due = (await scripts.run('due', all.slice(1), [2 * retentionMs, sessionsPerStep])) as string[];
      if (due.length === 0) return;
      const sessions = Array.from({ length: due.length / 2 }, (_, index) => due.slice(2 * index, 2 * index + 2));
      const settled = await Promise.all(
        sessions.map(async ([handle = '', read = '']) => [handle, read, await this.#endOf(handle)]),
      );
      const args = [retentionMs, expiry.maxLifetime ?? '', ...settled.flat()];
      const recorded = (await scripts.run('settle', all, args)) as [id: string, text: string][];
      for (const [id, text] of recorded) {
        const event = parseEvent(id, text);
        if (event !== undefined) onRecorded(event);
      }
      if (sessions.length < sessionsPerStep) return;
    }
  }

  /** @returns when it ends, in ms since 1970, `-` for never, or the empty text if it is gone */
  async #endOf(handle: string): Promise<string> {
    const { scripts, keys, presence, expiry } = this.#options;
    const record = await scripts.recordOf(keys.session(handle), maxHeaderBytes);
    const header = record && decodeHeader(record);
    if (header === undefined) return '';
    const end = expiryOf(expiry, header);
    if (end === undefined) return '-';
    // Without TTLs, the record remains.
    return end <= presence.now ? '' : String(end);
  }
}
