import type { Redis } from 'ioredis';
import { codeOf } from '../../../store/redis/redis-errors';
import { ok, problem, warning } from '../finding';
import type { Finding } from '../finding';

/** What a permission is needed for. */
type Purpose = 'sessions' | 'events' | 'administration' | 'readiness' | 'replicas' | 'live reads';

type Command = readonly [name: string, ...args: string[]];

interface Probe {
  /** The rule that grants it. */
  readonly rule: string;
  readonly purpose: Purpose;
  readonly command: Command;
}

export interface PermissionOptions {
  /** A key of no session, on the server. */
  readonly key: string;
  readonly keyPrefix: string;
  /** Of the connection; `undefined`: the default user. */
  readonly username: string | undefined;
  readonly waitsForReplicas: boolean;
  readonly usesTracking: boolean;
  /** Whether events are recorded even if nothing watches. */
  readonly keepsAuditLog: boolean;
  /** Whether operators are served. */
  readonly servesAdmin: boolean;
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
  servesAdmin,
}: Pick<PermissionOptions, 'key' | 'waitsForReplicas' | 'usesTracking' | 'servesAdmin'>): Probe[] {
  const set = ['set', key, 'session-sidecar doctor', 'px', lifetime] as const;
  const sessions: readonly Command[] = [
    ...([['eval', 'return 1', '0'], ['evalsha', '0'.repeat(40), '0'], ['time'], set] as const),
    ...([
      ['get', key],
      ['getrange', key, '0', '0'],
      ['mget', key],
      ['setrange', key, '0', 's'],
    ] as const),
    ...onSets(key),
    ...([
      ['pexpiretime', key],
      ['pexpireat', key, String(Date.now() + Number(lifetime))],
      ['persist', key],
    ] as const),
  ];
  const last: readonly Command[] = [set, ['unlink', key]];
  const tracking: readonly Probe[] = [
    { rule: 'client|id', purpose: 'live reads', command: ['client', 'id'] },
    { rule: 'client|tracking', purpose: 'live reads', command: ['client', 'tracking', 'off'] },
    { rule: 'ping', purpose: 'live reads', command: ['ping'] },
  ];
  return [
    ...probesFor('sessions', sessions),
    ...probesFor('events', ofEvents(key)),
    ...probesFor('sessions', last),
    { rule: 'info', purpose: 'readiness', command: ['info', 'server'] },
    { rule: 'client|setname', purpose: 'readiness', command: ['client', 'setname', 'session-sidecar-doctor'] },
    ...(waitsForReplicas ? [{ rule: 'wait', purpose: 'replicas', command: ['wait', '0', '1'] } as const] : []),
    ...(usesTracking ? tracking : []),
    ...(servesAdmin ? probesFor('administration', [['scan', '0', 'match', key, 'count', '1'], ['dbsize']]) : []),
  ];
}

/** Those on the index of a subject. The key is that of a text, so they are refused one way or the other. */
function onSets(key: string): readonly Command[] {
  return [
    ['zadd', key, '0', 'm'],
    ['zrange', key, '0', '0'],
    ['zrem', key, 'm'],
    ['zremrangebyscore', key, '0', '0'],
    ['zscan', key, '0'],
    ['zscore', key, 'm'],
  ];
}

/** Those on the log of events, which are refused likewise. */
function ofEvents(key: string): readonly Command[] {
  return [
    ['exists', key],
    ['scan', '0', 'match', key, 'count', '1'],
    ['pttl', key],
    ['pexpire', key, lifetime],
    ['hget', key, 'f'],
    ['hset', key, 'f', 'v'],
    ['hsetnx', key, 'f', 'v'],
    ['hdel', key, 'f'],
    ['xadd', key, '*', 'f', 'v'],
    ['xrange', key, '-', '+', 'count', '1'],
    ['xrevrange', key, '+', '-', 'count', '1'],
  ];
}

function probesFor(purpose: Purpose, commands: readonly Command[]): Probe[] {
  return commands.map((command) => ({ rule: command[0], purpose, command }));
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
  const events = options.keepsAuditLog ? ['events' as const] : [];
  const vital: readonly Purpose[] = ['sessions', 'replicas', 'administration', ...events];
  const isVital = vital.some((purpose) => refused.purposes.has(purpose));
  return (isVital ? problem : warning)(check, found, advice);
}

/** @returns the rule that would allow the command; `undefined`: it is allowed, whatever else it answers */
async function missingRule(
  client: Redis,
  [name, ...args]: Command,
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
