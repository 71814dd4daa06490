import { Redis } from 'ioredis';
import { runAll } from '../closed-loop';
import { assertUser, shopSession } from '../shop';
import type { Shop } from '../shop';
import type { Target } from '../target';
import type { Side } from './side';

type Read = (redis: Redis, n: number) => Promise<Shop['user']>;

/** A session as a hash with one field per key. */
const readHash: Read = async (redis, n) => {
  const { user = 'null' } = await redis.hgetall(hashKey(n));
  return JSON.parse(user) as Shop['user'];
};

/** A session as one JSON text. */
const readText: Read = async (redis, n) => {
  const text = (await redis.get(textKey(n))) ?? '{}';
  return (JSON.parse(text) as Shop).user;
};

/** ioredis in the application's process, without expiry, limits or signed tokens: the lowest possible cost of a session. */
export const ioredisHgetall = (target: Target): Side => ioredisSide(target, readHash);
export const ioredisPipelining = (target: Target): Side => ioredisSide(target, readHash, true);
export const ioredisGet = (target: Target): Side => ioredisSide(target, readText);

function ioredisSide({ redisPort }: Target, read: Read, enableAutoPipelining = false): Side {
  const redis = new Redis({ host: '127.0.0.1', port: redisPort, enableAutoPipelining });
  return {
    async fill(count, size) {
      await runAll(count, async (n) => {
        const session = shopSession(n, size);
        const fields = Object.entries(session).map(([key, value]): [string, string] => [key, JSON.stringify(value)]);
        await Promise.all([
          redis.hset(hashKey(n), Object.fromEntries(fields)),
          redis.set(textKey(n), JSON.stringify(session)),
        ]);
      });
    },
    async read(n) {
      assertUser(await read(redis, n), n);
    },
    write() {
      throw new Error('The ioredis sides support reads only.');
    },
    async close() {
      await redis.quit();
    },
  };
}

function hashKey(n: number): string {
  return `hash:${n}`;
}

function textKey(n: number): string {
  return `text:${n}`;
}
