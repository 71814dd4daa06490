import type { Redis } from 'ioredis';
import { variable } from '../../../setting-names';
import { ContentKeys } from '../../../store/redis/encryption/content-keys';
import type { EncryptionKeys } from '../../../store/redis/encryption/content-keys';
import { keyIdOf, sampleHeaders } from '../../../store/redis/inventory/sample-headers';
import { codeOf } from '../../../store/redis/redis-errors';
import { ok, problem, unknown, warning } from '../finding';
import type { Finding } from '../finding';

/** Looks with which keys sessions are encrypted; at some of them, because looking at all of them can take long. */
export async function checkEncryption(server: Redis, keyPrefix: string, set: EncryptionKeys): Promise<Finding> {
  const check = 'encryption';
  let headers;
  try {
    headers = await sampleHeaders(server, keyPrefix);
  } catch (error) {
    const found = `no sessions can be looked at (${codeOf(error) ?? 'no answer'})`;
    return unknown(check, found, 'To see with which keys sessions are encrypted, give the user +scan +getrange.');
  }
  const keys = new ContentKeys(set);
  const counts = { current: 0, old: 0, none: 0, unknown: 0 };
  const used = headers.map((header) => keyIdOf(header));
  for (const keyId of used) counts[keyId === undefined || keys.has(keyId) ? keys.useOf(keyId) : 'unknown'] += 1;
  const { current, old, none, unknown: lost } = counts;
  const unused = keys.decryptingIds.filter((id) => !used.includes(id)).length;
  const found = `records looked at: ${headers.length}; current key: ${current}, old keys: ${old}, in clear: ${none}, keys that are not set: ${lost}; unused keys: ${unused}`;
  if (lost > 0) {
    const advice = `These sessions cannot be read. Append the key that they were encrypted with to ${variable('encryptionKeys')}.`;
    return problem(check, found, advice);
  }
  const outdated = set.encrypts ? old + none : old;
  if (outdated === 0) return ok(check, found);
  const advice = 'Each is written anew with its next change or recorded access. Keep old keys until then.';
  return warning(check, found, advice);
}
