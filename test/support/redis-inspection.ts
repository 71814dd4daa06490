import type { Redis } from 'ioredis';
import type { RedisServer } from './redis';

/** The contents of Redis: a dump and the expiry time of each key. Equal to an earlier result if nothing has changed. */
export async function storedIn({ admin }: RedisServer): Promise<Readonly<Record<string, string>>> {
  const keys = (await admin.keys('*')).sort();
  const entries = keys.map(async (key): Promise<[string, string]> => {
    const [dump, expires] = await Promise.all([admin.dumpBuffer(key), admin.pexpiretime(key)]);
    // oxlint-disable-next-line typescript/no-unnecessary-condition -- null if the key has expired meanwhile
    return [key, `${dump?.toString('latin1')} ${expires}`];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** The same without the indexes of subjects, which are renewed after a call was answered. */
export async function recordsIn(server: RedisServer): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries(Object.entries(await storedIn(server)).filter(([key]) => !key.includes(':subject:')));
}

/**
 * Counts the commands that Redis executes because of `work`, including those inside scripts, without the heartbeats and other periodic commands of
 * sidecars.
 * Nothing else may use Redis meanwhile.
 */
export async function commandsOf(
  { admin }: RedisServer,
  work: () => Promise<unknown>,
): Promise<Record<string, number>> {
  await admin.config('RESETSTAT');
  await work();
  return commandCounts(admin);
}

/** Counts the commands since the last CONFIG RESETSTAT, without periodic ones. */
export async function commandCounts(admin: Redis): Promise<Record<string, number>> {
  const stats = await admin.info('commandstats');
  const calls = [...stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)];
  const counts = new Map(calls.map(([, name = '', count]) => [name, Number(count)]));
  // A heartbeat is an EVAL that calls TIME. Scripts run as EVALSHA once a sidecar has loaded them.
  counts.set('time', (counts.get('time') ?? 0) - (counts.get('eval') ?? 0));
  // What a sidecar looks for periodically: the sign that events are recorded.
  for (const name of ['config|resetstat', 'ping', 'eval', 'exists']) counts.delete(name);
  return Object.fromEntries([...counts].filter(([, count]) => count > 0));
}
