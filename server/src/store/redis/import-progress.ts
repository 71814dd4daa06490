import { createHash } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';

/** How far the scan of one server of the source has come. */
export interface ScanPosition {
  readonly cursor: string;
  /** Keys that were looked at, about. */
  readonly visited: number;
}

export const scanStart: ScanPosition = { cursor: '0', visited: 0 };
export const scanEnd = 'end';

/** Longer than sessions of the source live, as a rule: afterwards, they could be imported once more. */
const keptMs = 365 * 24 * 3_600_000;

const completedField = 'completed';

/**
 * How far an import has come: a hash in the Redis of the sidecar, so that any process can go on with it, and none brings back
 * sessions that have ended since they were imported.
 */
export class ImportProgress {
  readonly #client: Redis | Cluster;
  readonly #keyPrefix: string;
  readonly #key: string;

  /** @param source what distinguishes the source from others; must contain no password */
  constructor(client: Redis | Cluster, keyPrefix: string, source: string) {
    this.#client = client;
    this.#keyPrefix = keyPrefix;
    this.#key = `${keyPrefix}import:${createHash('sha256').update(source).digest('base64url')}`;
  }

  /** When the import was completed; `undefined`: it was not. */
  async completedAt(): Promise<Date | undefined> {
    const time = await this.#client.hget(this.#key, completedField);
    return time === null ? undefined : new Date(Number(time));
  }

  /** @param runId of a server of the source */
  async positionOf(runId: string): Promise<ScanPosition> {
    const [cursor, visited] = ((await this.#client.hget(this.#key, runId)) ?? '').split(' ');
    return cursor === undefined || cursor === '' ? scanStart : { cursor, visited: Number(visited) };
  }

  async save(runId: string, { cursor, visited }: ScanPosition): Promise<void> {
    await this.#set(runId, `${cursor} ${visited}`);
  }

  async complete(): Promise<void> {
    await this.#set(completedField, String(Date.now()));
  }

  async forget(): Promise<void> {
    await this.#client.unlink(this.#key);
  }

  /** Whether there is a session, without counting that as an access. */
  async hasSession(handle: string): Promise<boolean> {
    return (await this.#client.exists(this.#keyPrefix + handle)) === 1;
  }

  async #set(field: string, value: string): Promise<void> {
    await Promise.all([this.#client.hset(this.#key, field, value), this.#client.pexpire(this.#key, keptMs)]);
  }
}
