import { SessionClient } from '@session-sidecar/client';
import { startRedis, startSidecar, untilReady } from '../processes';
import { rowOf } from '../row';
import { nextPage, shopSession } from '../shop';
import type { Shop } from '../shop';
import { median } from '../statistics';
import type { Case } from './case';

const changes = 1000;

/** How long a near cache shows a session as it was before another sidecar changed it. */
export const nearStaleness: Case = {
  rows: ['near-staleness', 'near-staleness-longest'],
  async run({ quiet }) {
    await quiet();
    const redis = await startRedis();
    const sidecars = await Promise.all([0, 1].map(() => startSidecar({ redisPort: redis.port, nearCache: true })));
    await Promise.all(sidecars.map(untilReady));
    const [here, there] = sidecars.map(({ address }) => new SessionClient<Shop>({ address, timeoutMs: 10_000 }));
    const session = here!.create();
    session.update(shopSession(0, '300b'));
    await session.save();

    const pageThere = async (): Promise<string | undefined> => (await there!.open(session.token)).get('page');
    const stale: number[] = [];
    for (let n = 1; n <= changes; n++) {
      // Twice, for the second to come from the near cache.
      await pageThere();
      await pageThere();
      session.set('page', nextPage(n));
      await session.save();
      const changed = performance.now();
      let shownUntil = changed;
      while ((await pageThere()) !== nextPage(n)) shownUntil = performance.now();
      stale.push(shownUntil - changed);
    }
    here!.close();
    there!.close();
    for (const sidecar of sidecars) await sidecar.stop();
    await redis.stop();

    const shared = { unit: 'ms', better: 'lower' } as const;
    const what = `With a near cache: after a change through one sidecar was acknowledged, how long another still showed the session as it was, over ${changes} changes`;
    return [
      rowOf({ id: 'near-staleness', what: `${what}; the median.`, ours: median(stale), ...shared }),
      rowOf({ id: 'near-staleness-longest', what: `${what}; the longest.`, ours: Math.max(...stale), ...shared }),
    ];
  },
};
