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
 * The commands Redis executed because of `work`, inside scripts too, with how often each, but for PING, by which a near cache
 * knows that Redis is there. Nothing else may use it meanwhile.
 */
export async function commandsOf(
  { admin }: RedisServer,
  work: () => Promise<unknown>,
): Promise<Record<string, number>> {
  await admin.config('RESETSTAT');
  await work();
  const stats = await admin.info('commandstats');
  const calls = [...stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)];
  return Object.fromEntries(
    calls
      .map(([, name, count]) => [name, Number(count)])
      .filter(([name]) => name !== 'config|resetstat' && name !== 'ping'),
  ) as Record<string, number>;
}
