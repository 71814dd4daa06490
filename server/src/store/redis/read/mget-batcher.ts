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
 * Coalesces reads into one MGET, which costs the connection as much as a single GET. While no read is in flight, the reads of
 * one tick are sent at the end of it; while one is, the reads of a whole turn of the event loop share an MGET. On a Cluster,
 * each read is sent by itself, because the keys of a command must share a slot.
 */
export function batchReads(client: Redis | Cluster): Read {
  if (client instanceof Cluster) return (key) => client.getBuffer(key);
  let waiting: Waiting[] = [];
  let inFlight = 0;

  const send = (): void => {
    const batch = waiting;
    waiting = [];
    for (let from = 0; from < batch.length; from += maxKeys) void read(batch.slice(from, from + maxKeys));
  };

  const read = async (part: readonly Waiting[]): Promise<void> => {
    inFlight += 1;
    try {
      const values = await client.mgetBuffer(part.map(({ key }) => key));
      for (const [index, { resolve }] of part.entries()) resolve(values[index] ?? null);
    } catch (error) {
      for (const { reject } of part) reject(error);
    } finally {
      inFlight -= 1;
    }
  };

  return (key) =>
    new Promise((resolve, reject) => {
      if (waiting.push({ key, resolve, reject }) > 1) return;
      if (inFlight === 0) queueMicrotask(send);
      else setImmediate(send);
    });
}
