import { SessionClient } from '@session-sidecar/client';
import { startRedis, startSidecar, untilReady } from '../processes';
import { rowOf } from '../row';
import { shopSession } from '../shop';
import type { Shop } from '../shop';
import { alternate, compare } from '../statistics';
import type { Case } from './case';

const inFlight = 16;
const sessionsPerRound = 2000;

/** What recorded events cost the calls that cause them. Reads and other updates cause none. */
export const watching: Case = {
  rows: ['watching'],
  async run({ plan, quiet }) {
    await quiet();
    const [watched, unwatched] = [await startPod(), await startPod()];
    const watcher = new SessionClient<Shop>({ address: watched.address });
    await begin(watcher);
    const roundOf = (pod: typeof watched) => async () => ({ perSecond: await pod.perSecond() });
    await alternate(1, roundOf(watched), roundOf(unwatched));
    const pairs = await alternate(plan.careful.rounds, roundOf(watched), roundOf(unwatched));
    watcher.close();
    for (const pod of [watched, unwatched]) await pod.stop();
    const { min, max, ...compared } = compare(pairs, ({ perSecond }) => perSecond);
    const what = `Creating a session of about 300 bytes, regenerating its token and ending it, ${inFlight} at a time, while an application watches all sessions, beside the same while nothing watches.`;
    const unit = 'sessions/s';
    return [rowOf({ id: 'watching', what, unit, better: 'higher', ...compared, ratioMin: min, ratioMax: max })];
  },
};

/** Resolves when watching has begun; the events are read until the client is closed. */
function begin(watcher: SessionClient<Shop>): Promise<void> {
  return new Promise((resolve, reject) => {
    const read = async (): Promise<void> => {
      for await (const _ of watcher.watch({ onReady: resolve }));
    };
    // Closing the client ends the loop with CANCELLED.
    read().catch(reject);
  });
}

async function startPod() {
  const redis = await startRedis();
  const sidecar = await startSidecar({ redisPort: redis.port });
  await untilReady(sidecar);
  const client = new SessionClient<Shop>({ address: sidecar.address, timeoutMs: 10_000 });
  const lane = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) {
      const session = client.create();
      session.update(shopSession(n, '300b'));
      await session.save();
      await session.regenerate();
      await session.invalidate();
    }
  };
  return {
    address: sidecar.address,
    async perSecond(): Promise<number> {
      const began = performance.now();
      await Promise.all(Array.from({ length: inFlight }, () => lane(sessionsPerRound / inFlight)));
      return sessionsPerRound / ((performance.now() - began) / 1000);
    },
    async stop(): Promise<void> {
      client.close();
      await sidecar.stop();
      await redis.stop();
    },
  };
}
