import type { Redis } from 'ioredis';
import { EventKeys } from '../events/event-keys';
import { decodeHeader, maxHeaderBytes } from '../record-codec';
import type { DecodedHeader } from '../record-codec';

/** Sessions that are looked at. */
const sampleSize = 1000;

/** Steps that look for them, for a database with many other keys. */
const maxSteps = 50;

/** The headers of some sessions of a server; of all of them if there are few. */
export async function sampleHeaders(server: Redis, keyPrefix: string): Promise<DecodedHeader[]> {
  const keys = new EventKeys(keyPrefix);
  const found = new Set<string>();
  let cursor = '0';
  for (let step = 0; step < maxSteps && found.size < sampleSize; step += 1) {
    const [next, some] = await server.scan(cursor, 'MATCH', keys.pattern, 'COUNT', sampleSize);
    for (const key of some) if (keys.handleOf(key) !== undefined) found.add(key);
    cursor = next;
    if (cursor === '0') break;
  }
  const read = [...found].slice(0, sampleSize).map((key) => server.getrangeBuffer(key, 0, maxHeaderBytes - 1));
  return (await Promise.all(read)).flatMap((header) => decodeHeader(header) ?? []);
}

/** The key that a session is encrypted with; `undefined`: none. */
export function keyIdOf({ format, csrfTokenOrKeyId }: DecodedHeader): string | undefined {
  return format === 2 ? csrfTokenOrKeyId : undefined;
}
