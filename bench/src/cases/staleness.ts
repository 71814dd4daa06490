import { setImmediate } from 'node:timers/promises';
import { SessionClient } from '@session-sidecar/client';
import { startRedis, startSidecar, untilReady } from '../processes';
import { rowOf } from '../row';
import type { RowFigures } from '../row';
import { nextPage, shopSession } from '../shop';
import type { Shop } from '../shop';
import { median, percentile } from '../statistics';
import type { Case } from './case';

/** The two caches. */
const kinds = {
  near: { what: 'With a near cache', nearCache: true },
  cached: { what: 'With the client’s cache', nearCache: false },
} as const;
type Kind = keyof typeof kinds;

/** How long a session still appears unchanged after another sidecar changed it. Every change is one measurement. */
export function staleness(kind: Kind): Case {
  const id = `${kind}-staleness`;
  return {
    rows: [id, `${id}-p99`, `${id}-longest`],
    async run({ plan, quiet }) {
      await quiet();
      const pods = await startTwoPods(kind);
      const stale: number[] = [];
      for (let n = 1; n <= plan.changes; n++) {
        await pods.untilKept();
        const changed = await pods.change(n);
        let shownUntil = changed;
        while ((await pods.page()) !== nextPage(n)) {
          shownUntil = performance.now();
          // Opening from memory never yields, so the report of the change could not arrive.
          await setImmediate();
        }
        stale.push(shownUntil - changed);
      }
      await pods.stop();
      const what = `${kinds[kind].what}: after a change through one sidecar was acknowledged, how long another application still saw the session as it was, over ${plan.changes.toLocaleString('en')} changes`;
      const row = (suffix: string, which: string, ours: number) =>
        rowOf({ id: `${id}${suffix}`, what: `${what}; ${which}.`, ours, ...milliseconds });
      return [
        row('', 'the median', median(stale)),
        row('-p99', 'the 99th percentile', percentile(stale, 0.99)),
        row('-longest', 'the longest', Math.max(...stale)),
      ];
    },
  };
}

/** The same if changes are silently no longer reported, because the application's sidecar is frozen. */
export const silentLoss: Case = {
  rows: ['cached-staleness-silent'],
  async run({ plan, quiet }) {
    await quiet();
    const pods = await startTwoPods('cached');
    const stale: number[] = [];
    for (let n = 1; n <= plan.freezes; n++) {
      await pods.untilKept();
      process.kill(pods.readerPid, 'SIGSTOP');
      const changed = await pods.change(n);
      let shownUntil = changed;
      for (;;) {
        const { live } = pods.cacheStats();
        const opening = pods.page();
        if (pods.cacheStats().live === live) {
          process.kill(pods.readerPid, 'SIGCONT');
          await opening;
          break;
        }
        await opening;
        shownUntil = performance.now();
        await setImmediate();
      }
      stale.push(shownUntil - changed);
    }
    await pods.stop();
    const what = `With the client’s cache: the same with the sidecar of that application frozen before the change, over ${plan.freezes} changes; the longest.`;
    return [rowOf({ id: 'cached-staleness-silent', what, ours: Math.max(...stale), ...milliseconds })];
  },
};

const milliseconds = { unit: 'ms', better: 'lower' } as const satisfies Partial<RowFigures>;

/** A session that one application changes and another reads, each with its own sidecar. */
async function startTwoPods(kind: Kind) {
  const { nearCache } = kinds[kind];
  const redis = await startRedis();
  const sidecars = await Promise.all([0, 1].map(() => startSidecar({ redisPort: redis.port, nearCache })));
  await Promise.all(sidecars.map(untilReady));
  const [here, there] = sidecars as [(typeof sidecars)[number], (typeof sidecars)[number]];
  const writer = new SessionClient<Shop>({ address: here.address, timeoutMs: 10_000 });
  const cache = kind === 'cached' ? { maxBytes: 2 ** 20 } : undefined;
  const reader = new SessionClient<Shop>({ address: there.address, timeoutMs: 10_000, cache });
  const session = writer.create();
  session.update(shopSession(0, '300b'));
  await session.save();

  const page = async (): Promise<string | undefined> => (await reader.open(session.token)).get('page');
  const cacheStats = () => reader.cacheStats ?? { live: 0 };
  return {
    page,
    cacheStats,
    readerPid: there.pid,
    /** Reads until the cache answers. */
    async untilKept(): Promise<void> {
      await page();
      if (kind === 'near') await page();
      else for (const { live } = cacheStats(); cacheStats().live === live;) await page();
    },
    /** @returns when the change was acknowledged */
    async change(n: number): Promise<number> {
      session.set('page', nextPage(n));
      await session.save();
      return performance.now();
    },
    async stop(): Promise<void> {
      writer.close();
      reader.close();
      for (const sidecar of sidecars) await sidecar.stop();
      await redis.stop();
    },
  };
}
