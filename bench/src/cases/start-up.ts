import { spawnSync } from 'node:child_process';
import { startRedis, startSidecar, untilReady } from '../processes';
import { rowOf } from '../row';
import { alternate, compare } from '../statistics';
import type { Case } from './case';

/** The start-up time of a sidecar, compared with the shortest run of a Node.js process. */
export const startUp: Case = {
  rows: ['start-up', 'start-up-ready'],
  async run({ plan, quiet }) {
    await quiet();
    const redis = await startRedis();
    const startSidecarOnce = async () => {
      const began = performance.now();
      const sidecar = await startSidecar({ redisPort: redis.port });
      await untilReady(sidecar);
      const readyMs = performance.now() - began;
      await sidecar.stop();
      return { servingMs: sidecar.servingAfterMs, readyMs };
    };
    const startNode = () => {
      const began = performance.now();
      spawnSync(process.execPath, ['-e', '0']);
      const milliseconds = performance.now() - began;
      return Promise.resolve({ servingMs: milliseconds, readyMs: milliseconds });
    };
    await alternate(1, startSidecarOnce, startNode);
    const pairs = await alternate(plan.starts, startSidecarOnce, startNode);
    await redis.stop();
    const row = (id: string, figure: 'servingMs' | 'readyMs', what: string) => {
      const { min, max, ...compared } = compare(pairs, (start) => start[figure]);
      return rowOf({ id, what, unit: 'ms', better: 'lower', ...compared, ratioMin: min, ratioMax: max });
    };
    return [
      row('start-up', 'servingMs', 'From starting the sidecar until it serves, beside `node -e 0` from start to end.'),
      row('start-up-ready', 'readyMs', 'The same until the sidecar has reached Redis and reports itself ready.'),
    ];
  },
};
