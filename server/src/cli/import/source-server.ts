import { isUtf8 } from 'node:buffer';
import type { ChainableCommander, Redis } from 'ioredis';
import { codeOf } from '../../store/redis/redis-errors';
import { CliError } from '../cli-error';
import type { SourceRecord } from './formats/format';
import type { Failure } from './results';

export interface SourceOptions {
  /** What the keys of sessions begin with. */
  readonly prefix: string;
  /** Keys that begin with this are not the source's; `undefined`: all are. */
  readonly excluded: string | undefined;
  /** The longest record that is read. */
  readonly maxBytes: number;
  /** How many keys Redis looks at in one step of the scan. */
  readonly keysPerStep: number;
}

export interface Step {
  /** Where the next step begins; `0`: all keys were looked at. */
  readonly cursor: string;
  readonly keys: readonly Buffer[];
}

/** What a key holds: a record, nothing any more, or something that is no session. */
export type Found = SourceRecord | 'gone' | Failure;

/** One server of the source. Nothing on it is changed. */
export class SourceServer {
  readonly #client: Redis;
  readonly #stream: Redis['stream'];
  readonly #options: SourceOptions;

  /** @param client that is connected */
  constructor(client: Redis, options: SourceOptions) {
    this.#client = client;
    this.#stream = client.stream;
    this.#options = options;
  }

  /** Cursors are valid in one run of a server only. @returns an empty text if the user may not ask */
  async runId(): Promise<string> {
    const info = await this.#client.info('server').catch(orIfDenied(''));
    return /^run_id:(\w+)/m.exec(info)?.[1] ?? '';
  }

  /** Number of keys, sessions or not. @returns 0 if the user may not ask */
  size(): Promise<number> {
    return this.#client.dbsize().catch(orIfDenied(0));
  }

  /** @throws CliError if the connection leads to another server by now, or to the same one after a restart: cursors of one mean nothing to the other */
  async scan(from: string): Promise<Step> {
    if (this.#client.stream !== this.#stream) {
      throw new CliError(
        'unavailable',
        'The connection to the source was lost. The same command goes on where it ended.',
      );
    }
    const { prefix, excluded, keysPerStep } = this.#options;
    const pattern = `${prefix.replaceAll(/[*?[\]\\^-]/g, '\\$&')}*`;
    const [cursor, found] = await this.#client.scanBuffer(from, 'MATCH', pattern, 'COUNT', keysPerStep);
    const others = excluded === undefined ? undefined : Buffer.from(excluded);
    const keys = found.filter((key) => others === undefined || !key.subarray(0, others.length).equals(others));
    return { cursor: cursor.toString(), keys };
  }

  async read(keys: readonly Buffer[]): Promise<Found[]> {
    const { maxBytes } = this.#options;
    const pipeline = this.#client.pipeline();
    // GETRANGE, because a GET would read a value of any size.
    for (const key of keys) pipeline.getrangeBuffer(key, 0, maxBytes).pttl(key);
    const replies = await repliesOf(pipeline);
    return keys.map((key, at) => {
      const [value, ttlMs] = replies.slice(2 * at, 2 * at + 2);
      if (value instanceof Error) return 'not_a_string';
      if (ttlMs === -2) return 'gone';
      return this.#recordOf(key, value as Buffer, ttlMs as number);
    });
  }

  /** @returns for each key whether it still exists */
  async exist(keys: readonly Buffer[]): Promise<boolean[]> {
    const pipeline = this.#client.pipeline();
    for (const key of keys) pipeline.exists(key);
    return (await repliesOf(pipeline)).map((reply) => reply === 1);
  }

  #recordOf(keyBytes: Buffer, value: Buffer, ttlMs: number): Found {
    const { prefix, maxBytes } = this.#options;
    if (value.length > maxBytes) return 'too_long';
    if (isPickle(value)) return 'pickle';
    const text = value.toString();
    if (!isUtf8(value) || !isJson(text)) return 'not_json';
    if (!isUtf8(keyBytes)) return 'invalid_id';
    const key = keyBytes.toString();
    return { key, name: key.slice(prefix.length), text, ttlMs: ttlMs < 0 ? undefined : ttlMs };
  }
}

/** @returns replies; an error if the key has another type */
async function repliesOf(pipeline: ChainableCommander): Promise<unknown[]> {
  const replies = (await pipeline.exec()) ?? [];
  return replies.map(([error, reply]) => {
    if (error !== null && codeOf(error) !== 'WRONGTYPE') throw error;
    return error ?? reply;
  });
}

function orIfDenied<T>(otherwise: T): (error: unknown) => T {
  return (error) => {
    if (codeOf(error) === 'NOPERM') return otherwise;
    throw error;
  };
}

/** Protocol 2 and newer begin with a byte that JSON cannot have, and the older ones end with a full stop. */
function isPickle(value: Buffer): boolean {
  return value[0] === 0x80 || (/^[(\]}cIVSFL]/.test(value.toString('latin1', 0, 1)) && value.at(-1) === 0x2e);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
