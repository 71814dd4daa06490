import type { Config, RedisConfig } from '../../../config/config';
import { SessionError, UnreadableRecordError } from '../../../session/errors';
import { ContentKeys } from '../../../store/redis/encryption/content-keys';
import type { RedisConnection } from '../../../store/redis/connection/redis-connection';
import { codeOf } from '../../../store/redis/redis-errors';
import { RedisStore } from '../../../store/redis/redis-store';
import { createTokens, randomSigningKey } from '../../../tokens/token';
import type { Tokens } from '../../../tokens/token';
import { msText } from '../../units';
import { ok, problem } from '../finding';
import type { Finding } from '../finding';

/** Expires by itself if it cannot be removed, in ms. */
const lifetimeMs = 10_000;

/**
 * Takes a session through its life with the scripts of the sidecar.
 *
 * @param suits whether a key is on the server that is examined
 */
export async function checkScripts(
  connection: RedisConnection,
  redis: RedisConfig,
  { expiry, limits, encryptionKeys }: Pick<Config, 'expiry' | 'limits' | 'encryptionKeys'>,
  suits: (key: string) => boolean,
): Promise<Finding> {
  const check = 'scripts';
  const { keyPrefix, expireKeys, commandTimeoutMs } = redis;
  const encryption = { keys: new ContentKeys(encryptionKeys) };
  const store = new RedisStore({ connection, expiry, limits, keyPrefix, expireKeys, commandTimeoutMs, encryption });
  const ref = issueWhere(createTokens([randomSigningKey()]), (handle) => suits(keyPrefix + handle));
  const content = { data: new Map([['doctor', Buffer.from('1')]]), flash: new Map<string, Buffer[]>() };
  const increment = { kind: 'increment', key: 'doctor', by: 1 } as const;
  const startedAt = performance.now();
  let step = 'creating';
  try {
    await store.create({ ...ref, content, csrfToken: ref.handle, idleTimeout: lifetimeMs, subject: undefined });
    step = 'reading';
    await store.load(ref);
    step = 'changing';
    await store.update(ref, { mutations: [increment] });
    step = 'ending';
    await store.delete(ref);
  } catch (error) {
    return problem(check, `${step} a session fails: ${reasonOf(error)}`, adviceFor(error));
  }
  return ok(check, `created, read, changed and ended a session in ${msText(performance.now() - startedAt)}`);
}

function issueWhere(tokens: Tokens, suits: (handle: string) => boolean) {
  for (;;) {
    const ref = tokens.issue();
    if (suits(ref.handle)) return ref;
  }
}

/** Texts of Redis may contain keys; codes do not. */
function reasonOf(error: unknown): string {
  const { cause } = error as { readonly cause?: unknown };
  const code = codeOf(error) ?? codeOf(cause);
  if (code !== undefined) return `Redis answers ${code}`;
  if (error instanceof SessionError) return error.reason;
  return error instanceof UnreadableRecordError ? 'the record is damaged' : 'unexpected error';
}

function adviceFor(error: unknown): string {
  switch (codeOf(error) ?? codeOf((error as { readonly cause?: unknown }).cause)) {
    case 'OOM':
      return 'Redis is full. Raise maxmemory, or see docs/reference/storage.md#when-redis-is-full';
    case 'NOPERM':
    case 'ERR':
      return 'Most likely a permission is missing: see the permissions above, and ACL LOG in Redis.';
    case 'MISCONF':
      return 'Redis fails to save snapshots, and rejects changes. Look at its log, and at its disk.';
    case 'READONLY':
      return 'This server is a replica. Name the master, or the Sentinels.';
    default:
      return 'See the checks above, and the log of Redis.';
  }
}
