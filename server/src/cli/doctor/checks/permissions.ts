import type { Redis } from 'ioredis';
import { codeOf } from '../../../store/redis/redis-errors';
import { ok, problem, warning } from '../finding';
import type { Finding } from '../finding';

/** What a permission is needed for. */
type Purpose = 'sessions' | 'readiness' | 'replicas' | 'live reads';

interface Probe {
  /** The rule that grants it. */
  readonly rule: string;
  readonly purpose: Purpose;
  readonly command: readonly [string, ...string[]];
}

export interface PermissionOptions {
  /** A key of no session, on the server. */
  readonly key: string;
  readonly keyPrefix: string;
  /** Of the connection; `undefined`: the default user. */
  readonly username: string | undefined;
  readonly waitsForReplicas: boolean;
  readonly usesTracking: boolean;
}

/** In case the key cannot be removed, in ms. */
const lifetime = '10000';

/**
 * Every command that the sidecar sends, itself or in a script, on a key of no session. In this order, the key has a TTL at the end
 * even if it cannot be removed.
 */
export function probesOf({
  key,
  waitsForReplicas,
  usesTracking,
}: Omit<PermissionOptions, 'username' | 'keyPrefix'>): Probe[] {
  const set = ['set', key, 'session-sidecar doctor', 'px', lifetime] as const;
  const sessions: readonly (readonly [string, ...string[]])[] = [
    ...([['eval', 'return 1', '0'], ['evalsha', '0'.repeat(40), '0'], ['time'], set] as const),
    ...([
      ['get', key],
      ['getrange', key, '0', '0'],
      ['mget', key],
      ['setrange', key, '0', 's'],
    ] as const),
    ...([
      ['pexpiretime', key],
      ['pexpireat', key, String(Date.now() + Number(lifetime))],
      ['persist', key],
    ] as const),
    ...([set, ['unlink', key]] as const),
    ...([
      ['zadd', key, '0', 'member'],
      ['pexpireat', key, String(Date.now() + Number(lifetime))],
      ['zrange', key, '0', '0'],
      ['zscan', key, '0'],
      ['zscore', key, 'member'],
      ['zremrangebyscore', key, '1', '1'],
      ['zrem', key, 'member'],
      ['unlink', key],
    ] as const),
  ];
  const tracking: readonly Probe[] = [
    { rule: 'client|id', purpose: 'live reads', command: ['client', 'id'] },
    { rule: 'client|tracking', purpose: 'live reads', command: ['client', 'tracking', 'off'] },
    { rule: 'ping', purpose: 'live reads', command: ['ping'] },
  ];
  return [
    ...sessions.map((command): Probe => ({ rule: command[0], purpose: 'sessions', command })),
    { rule: 'info', purpose: 'readiness', command: ['info', 'server'] },
    { rule: 'client|setname', purpose: 'readiness', command: ['client', 'setname', 'session-sidecar-doctor'] },
    ...(waitsForReplicas ? [{ rule: 'wait', purpose: 'replicas', command: ['wait', '0', '1'] } as const] : []),
    ...(usesTracking ? tracking : []),
  ];
}

interface Refusals {
  readonly rules: Set<string>;
  readonly purposes: Set<Purpose>;
}

export async function checkPermissions(client: Redis, options: PermissionOptions): Promise<Finding> {
  const check = 'permissions';
  const refused: Refusals = { rules: new Set(), purposes: new Set() };
  for (const { rule, purpose, command } of probesOf(options)) {
    const missing = await missingRule(client, command, rule, options.keyPrefix);
    if (missing === undefined) continue;
    refused.rules.add(missing);
    refused.purposes.add(purpose);
  }
  const { username = 'default' } = options;
  if (refused.rules.size === 0) return ok(check, `the user ${username} may do all that is needed`);
  const rules = [...refused.rules].join(' ');
  const found = `the user ${username} lacks ${rules}`;
  const advice = `ACL SETUSER ${username} ${rules}. See docs/reference/storage.md#the-redis-user`;
  const isVital = refused.purposes.has('sessions') || refused.purposes.has('replicas');
  return (isVital ? problem : warning)(check, found, advice);
}

/** @returns the rule that would allow the command; `undefined`: it is allowed, whatever else it answers */
async function missingRule(
  client: Redis,
  [name, ...args]: readonly [string, ...string[]],
  rule: string,
  keyPrefix: string,
): Promise<string | undefined> {
  try {
    await client.call(name, ...args);
    return undefined;
  } catch (error) {
    if (codeOf(error) !== 'NOPERM') {
      // Anything that Redis itself answers comes after the permission was checked.
      if (codeOf(error) !== undefined) return undefined;
      throw error;
    }
    return /\bkeys?\b/.test((error as Error).message) ? `~${keyPrefix}*` : `+${rule}`;
  }
}
