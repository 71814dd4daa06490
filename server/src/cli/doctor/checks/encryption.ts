import type { Redis } from 'ioredis';
import { variable } from '../../../setting-names';
import { ContentKeys } from '../../../store/redis/encryption/content-keys';
import type { EncryptionKeys } from '../../../store/redis/encryption/content-keys';
import { EventKeys } from '../../../store/redis/events/event-keys';
import { decodeHeader, maxHeaderBytes } from '../../../store/redis/record-codec';
import { codeOf } from '../../../store/redis/redis-errors';
import { ok, problem, unknown, warning } from '../finding';
import type { Finding } from '../finding';

/** Sessions that are looked at. */
const sampleSize = 1000;

/** Steps that look for them, for a database with many other keys. */
const maxSteps = 50;

/** Looks with which keys sessions are encrypted; at some of them, because looking at all of them can take long. */
export async function checkEncryption(server: Redis, keyPrefix: string, set: EncryptionKeys): Promise<Finding> {
  const check = 'encryption';
  let headers;
  try {
    headers = await sample(server, keyPrefix);
  } catch (error) {
    const found = `no sessions can be looked at (${codeOf(error) ?? 'no answer'})`;
    return unknown(check, found, 'To see with which keys sessions are encrypted, give the user +scan +getrange.');
  }
  const keys = new ContentKeys(set);
  const counts = { current: 0, old: 0, none: 0, unknown: 0 };
  for (const { format, csrfTokenOrKeyId } of headers) {
    const keyId = format === 2 ? csrfTokenOrKeyId : undefined;
    counts[keyId === undefined || keys.has(keyId) ? keys.useOf(keyId) : 'unknown'] += 1;
  }
  const { current, old, none, unknown: lost } = counts;
  const found = `records looked at: ${headers.length}; current key: ${current}, old keys: ${old}, in clear: ${none}, keys that are not set: ${lost}`;
  if (lost > 0) {
    const advice = `These sessions cannot be read. Append the key that they were encrypted with to ${variable('encryptionKeys')}.`;
    return problem(check, found, advice);
  }
  const outdated = set.encrypts ? old + none : old;
  if (outdated === 0) return ok(check, found);
  const advice = 'Each is written anew with its next change or recorded access. Keep old keys until then.';
  return warning(check, found, advice);
}

/** The headers of some sessions. */
async function sample(server: Redis, keyPrefix: string) {
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
