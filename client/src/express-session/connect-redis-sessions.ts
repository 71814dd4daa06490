import type { SessionSource } from './session-source';

/** What node-redis and ioredis have in common. */
export interface RedisClient {
  get(key: string): Promise<string | null>;
  del(key: string): Promise<number>;
}

/** The two name the same command differently. */
interface WithPttl {
  pTTL?(key: string): Promise<number>;
  pttl?(key: string): Promise<number>;
}

export interface ConnectRedisOptions {
  /** The connection that connect-redis had: a client of node-redis or ioredis. It stays open. */
  readonly client: RedisClient;
  /** The prefix that connect-redis had. Default: `sess:`. */
  readonly prefix?: string | undefined;
  /** Reads a record, if connect-redis had a `serializer`. Default: `JSON.parse`. */
  readonly parse?: ((text: string) => object | Promise<object>) | undefined;
}

/**
 * The sessions that connect-redis has stored.
 *
 * @throws TypeError if `client` is neither a client of node-redis nor of ioredis
 */
export function connectRedisSessions({
  client,
  prefix = 'sess:',
  parse = parseJson,
}: ConnectRedisOptions): SessionSource {
  const pttl = pttlOf(client);
  return {
    async get(sid) {
      const key = prefix + sid;
      const [text, ttl] = await Promise.all([client.get(key), pttl(key)]);
      if (text === null || ttl === -2) return null;
      return { data: await parse(text), ttlMs: ttl < 0 ? undefined : ttl };
    },
    async delete(sid) {
      return (await client.del(prefix + sid)) > 0;
    },
  };
}

function pttlOf(client: RedisClient & WithPttl): (key: string) => Promise<number> {
  if (typeof client.pTTL === 'function') return (key) => client.pTTL!(key);
  if (typeof client.pttl === 'function') return (key) => client.pttl!(key);
  throw new TypeError('Expected `client` to be a client of node-redis or ioredis');
}

function parseJson(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    // The error of JSON.parse() quotes the text.
    throw new Error('The record of connect-redis is not JSON');
  }
}
