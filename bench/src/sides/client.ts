import { SessionClient } from '@session-sidecar/client';
import type { ConnectionOptions } from '@session-sidecar/client';
import { runAll } from '../closed-loop';
import { assertUser, nextPage, shopSession } from '../shop';
import type { Shop } from '../shop';
import type { Target } from '../target';
import type { Side } from './side';

/** The sidecar through its client, as an application uses it. */
export function clientSide({ address }: Target, options: Omit<ConnectionOptions, 'address'> = {}): Side {
  const client = new SessionClient<Shop>({ address, ...options });
  const ids: string[] = [];
  let writes = 0;

  async function open(n: number) {
    const session = await client.open(ids[n]);
    assertUser(session.get('user'), n);
    return session;
  }

  return {
    async fill(count, size) {
      await runAll(count, async (n) => {
        const session = client.create();
        session.update(shopSession(n, size));
        await session.save();
        ids[n] = session.token!;
      });
    },
    async read(n) {
      await open(n);
    },
    async write(n) {
      const session = await open(n);
      session.set('page', nextPage(++writes));
      await session.save();
    },
    ids,
    cacheStats: () => client.cacheStats,
    close() {
      client.close();
      return Promise.resolve();
    },
  };
}
