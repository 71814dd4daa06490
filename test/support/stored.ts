import type { Redis } from 'ioredis';
import type { RedisServer } from './redis';

/** Everything that is in Redis: what it would dump for each key, and when the key ends. Equal when nothing was changed. */
export async function storedIn({ admin }: RedisServer): Promise<Readonly<Record<string, string>>> {
  const keys = (await admin.keys('*')).sort();
  const entries = keys.map(async (key): Promise<[string, string]> => {
    const [dump, expires] = await Promise.all([admin.dumpBuffer(key), admin.pexpiretime(key)]);
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- null when the key has ended meanwhile
    return [key, `${dump?.toString('latin1')} ${expires}`];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/**
 * The commands that Redis executed because of `work`, inside scripts too, with how often each, without those by which sidecars
 * know that Redis is there. Nothing else may use it meanwhile.
 */
export async function commandsOf(
  { admin }: RedisServer,
  work: () => Promise<unknown>,
): Promise<Record<string, number>> {
  await admin.config('RESETSTAT');
  await work();
  return commandCounts(admin);
}

/** The same since the statistics were reset. */
export async function commandCounts(admin: Redis): Promise<Record<string, number>> {
  const stats = await admin.info('commandstats');
  const calls = [...stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)];
  const counts = new Map(calls.map(([, name = '', count]) => [name, Number(count)]));
  // A heartbeat is an EVAL of a TIME; a script that a sidecar has run before is an EVALSHA.
  counts.set('time', (counts.get('time') ?? 0) - (counts.get('eval') ?? 0));
  for (const name of ['config|resetstat', 'ping', 'eval']) counts.delete(name);
  return Object.fromEntries([...counts].filter(([, count]) => count > 0));
}
