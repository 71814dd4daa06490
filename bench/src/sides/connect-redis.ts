import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { RedisStore } from 'connect-redis';
import { Cookie } from 'express-session';
import type { SessionData } from 'express-session';
import { createClient } from 'redis';
import { runAll } from '../closed-loop';
import { assertUser, nextPage, shopSession } from '../shop';
import type { Shop } from '../shop';
import type { Target } from '../target';
import type { Side } from './side';

/**
 * connect-redis, set up as in its README and called as express-session calls a store with `resave: false`: load(), then touch() if
 * the request changed nothing, or set() if it did. Omits the other work of express-session, such as hashing the session twice to
 * detect changes, which favours connect-redis.
 */
export async function connectRedisSide({ redisPort }: Target): Promise<Side> {
  const client = createClient({ url: `redis://127.0.0.1:${redisPort}` });
  await client.connect();
  const store = new RedisStore({ client, prefix: 'myapp:' });
  const load = promisify(store.load.bind(store)) as (sid: string) => Promise<(SessionData & Shop) | undefined>;
  const set = promisify(
    (sid: string, data: SessionData & Shop, done: (error: unknown) => void) => void store.set(sid, data, done),
  );
  const touch = promisify(
    (sid: string, data: SessionData, done: (error: unknown) => void) => void store.touch(sid, data, done),
  );
  const ids: string[] = [];
  let writes = 0;

  async function open(n: number) {
    const session = await load(ids[n]!);
    assertUser(session?.user, n);
    return session!;
  }

  return {
    async fill(count, size) {
      await runAll(count, async (n) => {
        // As long as the ids of express-session.
        ids[n] = randomBytes(24).toString('base64url');
        await set(ids[n], { cookie: new Cookie(), ...shopSession(n, size) });
      });
    },
    async read(n) {
      await touch(ids[n]!, await open(n));
    },
    async write(n) {
      const session = await open(n);
      session.page = nextPage(++writes);
      await set(ids[n]!, session);
    },
    ids,
    async close() {
      await client.close();
    },
  };
}
