import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import type { Redis } from 'ioredis';
import { expiryOf } from '../../../session/session';
import type { ExpiryPolicy } from '../../../session/session';
import { knownAttributes } from '../../attributes';
import { decodeFront } from '../record-codec';
import type { DecodedFront } from '../record-codec';
import { partitionOf } from './event-keys';
import type { EventKeys } from './event-keys';
import { wholeRecord } from './event-scripts';
import type { EventScripts } from './event-scripts';
import type { Presence } from './presence';

export interface SessionSearchOptions {
  readonly scripts: EventScripts;
  readonly keys: EventKeys;
  readonly presence: Pick<Presence, 'isKeeper' | 'log'>;
  readonly retentionMs: number;
  readonly expiry: ExpiryPolicy;
}

/** Keys that Redis looks at in one step. */
const keysPerStep = 100;
/** Between steps, so that callers do not notice the search, in ms. */
const pauseMs = 10;

/**
 * Finds the sessions that existed when recording began, so that their expiry is reported, too. In small steps, which go on where they
 * were if another sidecar takes over.
 */
export class SessionSearch {
  readonly #options: SessionSearchOptions;
  #finished: string | undefined;
  #isRunning = false;

  constructor(options: SessionSearchOptions) {
    this.#options = options;
  }

  /** Starts or continues the search, unless it is running or has finished. It pauses while this sidecar does not keep the log. */
  async run(log: string): Promise<void> {
    if (this.#isRunning || this.#finished === log) return;
    this.#isRunning = true;
    try {
      const { client } = this.#options.scripts.connection;
      const servers = client instanceof Cluster ? client.nodes('master') : [client];
      const ended = await Promise.all(servers.map((server) => this.#searchServer(log, server)));
      if (ended.every(Boolean)) this.#finished = log;
    } catch {
      // Goes on with the next call.
    } finally {
      this.#isRunning = false;
    }
  }

  /** @returns whether all of it was searched */
  async #searchServer(log: string, server: Redis): Promise<boolean> {
    const { keys, presence, scripts, retentionMs } = this.#options;
    const { client } = scripts.connection;
    const progress = keys.search(log);
    const runId = /^run_id:(\w+)/m.exec(await server.info('server'))?.[1] ?? '';
    let cursor = (await client.hget(progress, runId)) ?? '0';
    while (cursor !== 'end') {
      if (!presence.isKeeper || presence.log !== log) return false;
      const [next, found] = await server.scan(cursor, 'MATCH', keys.pattern, 'COUNT', keysPerStep);
      await this.#add(log, found);
      cursor = next === '0' ? 'end' : next;
      await client.hset(progress, runId, cursor);
      await client.pexpire(progress, 2 * retentionMs);
      await sleep(pauseMs, undefined, { ref: false });
    }
    return true;
  }

  async #add(log: string, found: readonly string[]): Promise<void> {
    const { keys, scripts, retentionMs } = this.#options;
    const byPartition = new Map<number, string[]>();
    for (const key of found) {
      const handle = keys.handleOf(key);
      if (handle === undefined) continue;
      const record = await scripts.recordOf(key, wholeRecord);
      const front = record && decodeFront(record);
      const expires = front && expiryOf(this.#options.expiry, front.header);
      if (front === undefined || expires === undefined) continue;
      const args = byPartition.get(partitionOf(handle)) ?? [];
      byPartition.set(partitionOf(handle), [...args, handle, String(expires), infoOf(front)]);
    }
    for (const [partition, args] of byPartition) {
      const all = keys.partition(log, partition);
      const added = (await scripts.run('add', all.slice(1), [2 * retentionMs, ...args])) as string[];
      await this.#forgetEnded(log, partition, added);
    }
  }

  /** A session that was ended while it was being added has been reported, or did not exist any more when recording began. */
  async #forgetEnded(log: string, partition: number, handles: readonly string[]): Promise<void> {
    const { keys, scripts, retentionMs } = this.#options;
    for (const handle of handles) {
      if ((await scripts.recordOf(keys.session(handle), 1)) !== undefined) continue;
      await scripts.run('record', keys.partition(log, partition), [retentionMs, handle, 'end', '', '', '', '']);
    }
  }
}

function infoOf({ header, attributes }: DecodedFront): string {
  return `${header.created} ${knownAttributes(attributes).subject ?? ''}`;
}
