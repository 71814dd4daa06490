import type { RedisConnection } from '../connection/redis-connection';
import { codeOf, toStoreError } from '../redis-errors';
import { storeUnavailable } from '../../../session/errors';
import { eventScripts, eventScriptSource } from '../scripts/script-sources';

type EventScript = keyof typeof eventScripts;
type Run = (...args: readonly (string | number)[]) => Promise<unknown>;

/** Larger than any record, in bytes. */
export const wholeRecord = 512 * 1024 * 1024;

/** Runs the scripts of the event log, and plain commands, on the server of their keys. */
export class EventScripts {
  readonly #connection: RedisConnection;
  readonly #scripts: Readonly<Record<string, Run>>;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
    const { client } = connection;
    for (const [name, { numberOfKeys }] of Object.entries(eventScripts)) {
      client.defineCommand(commandOf(name), { lua: eventScriptSource(name as EventScript), numberOfKeys });
    }
    this.#scripts = client as unknown as Record<string, Run>;
  }

  get connection(): RedisConnection {
    return this.#connection;
  }

  /** Rejects as methods of the store. */
  run(script: EventScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.#answered(keys[0] ?? '', () =>
      this.#scripts[commandOf(script)]!.call(this.#connection.client, ...keys, ...args),
    );
  }

  /** What is read where there is nothing, so it must cost little. */
  exists(key: string): Promise<boolean> {
    return this.#answered(key, async () => (await this.#connection.client.exists(key)) === 1);
  }

  /** The record of a session, or at least its beginning; `undefined`: there is none, or the key is of another type. */
  async recordOf(key: string, bytes: number): Promise<Buffer | undefined> {
    try {
      const record = await this.#answered(key, () => this.#connection.client.getrangeBuffer(key, 0, bytes - 1));
      return record.length === 0 ? undefined : record;
    } catch (error) {
      if ((error as Error).name === 'UnreadableRecordError') return undefined;
      throw error;
    }
  }

  /** @param from an id, inclusive unless it begins with `(`, or `+` to read backwards from the end */
  range(key: string, from: string, count: number): Promise<[id: string, fields: string[]][]> {
    const { client } = this.#connection;
    return this.#answered(key, () =>
      from === '+' ? client.xrevrange(key, '+', '-', 'COUNT', count) : client.xrange(key, from, '+', 'COUNT', count),
    );
  }

  async #answered<T>(key: string, run: () => Promise<T>): Promise<T> {
    if (this.#connection.serverOf(key) === undefined) throw storeUnavailable(false);
    try {
      return await run();
    } catch (error) {
      // A mistake of the operator, which another attempt does not change, and which belongs into the log.
      if (codeOf(error) === 'NOPERM') throw error;
      throw toStoreError(error, { handle: '', isChange: false });
    }
  }
}

function commandOf(script: string): string {
  return `sessionEvents_${script}`;
}
