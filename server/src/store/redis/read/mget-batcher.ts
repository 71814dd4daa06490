import { Cluster } from 'ioredis';
import type { Redis } from 'ioredis';

/** Returns the value of a key, or `null` when the key does not exist or is not a string. */
export type Read = (key: string) => Promise<Buffer | null>;

/** Maximum number of keys per command, so that a reply takes milliseconds. */
const maxKeys = 128;

interface Waiting {
  readonly key: string;
  readonly resolve: (value: Buffer | null) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Coalesces reads into one MGET, which costs the connection as much as a single GET: with no read in flight, those of the
 * current task; otherwise those of the current turn of the event loop. On a Cluster each read is a GET, because the keys of a
 * command must share a slot.
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
