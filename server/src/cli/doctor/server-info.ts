import type { Redis } from 'ioredis';

/** The fields of INFO (https://redis.io/docs/latest/commands/info/). */
export type ServerInfo = ReadonlyMap<string, string>;

export function parseInfo(text: string): ServerInfo {
  const lines = text.split(/\r?\n/).flatMap((line) => {
    const at = line.indexOf(':');
    return at < 0 || line.startsWith('#') ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
  });
  return new Map(lines);
}

/** @returns `undefined` if the user may not ask */
export async function readInfo(client: Redis): Promise<ServerInfo | undefined> {
  return client.info().then(parseInfo, () => undefined);
}

/** The value of one setting of Redis; `undefined` if the user may not ask. */
export async function readConfig(client: Redis, name: string): Promise<string | undefined> {
  return client.config('GET', name).then(
    (reply) => (reply as readonly string[])[1],
    () => undefined,
  );
}
