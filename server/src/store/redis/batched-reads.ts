import { Cluster } from 'ioredis';
import type { Redis } from 'ioredis';

/** Gives the value of a key, or `null` when there is none, or none that is a string. */
export type Read = (key: string) => Promise<Buffer | null>;

/** Most keys of one command, so that a reply stays a matter of milliseconds. */
const maxKeys = 128;

interface Waiting {
  readonly key: string;
  readonly resolve: (value: Buffer | null) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads of one turn of the event loop go to Redis as one MGET, which costs the connection as much as a single GET. On a
 * Cluster each goes by itself, because the keys of a command must share a slot.
 */
export function batchReads(client: Redis | Cluster): Read {
  if (client instanceof Cluster) return (key) => client.getBuffer(key);
  let waiting: Waiting[] = [];

  const send = (): void => {
    const batch = waiting;
    waiting = [];
    for (let from = 0; from < batch.length; from += maxKeys) {
      const part = batch.slice(from, from + maxKeys);
      client.mgetBuffer(part.map(({ key }) => key)).then(
        (values) => {
          for (const [index, { resolve }] of part.entries()) resolve(values[index] ?? null);
        },
        (error: unknown) => {
          for (const { reject } of part) reject(error);
        },
      );
    }
  };

  return (key) =>
    new Promise((resolve, reject) => {
      if (waiting.push({ key, resolve, reject }) === 1) setImmediate(send);
    });
}
