import { setTimeout as delay } from 'node:timers/promises';
import type { Round } from '../closed-loop';
import { openFilesOf, residentBytesOf } from '../os-figures';
import { startRedis, startSidecar, untilReady } from '../processes';
import { rowOf } from '../row';
import type { Row } from '../row';
import { sizes } from '../shop';
import type { Size } from '../shop';
import type { Stack } from '../stacks';
import { mean, median } from '../statistics';
import type { Case } from './case';

const megabyte = 1e6;

/** The bytes in Redis for each session, compared with connect-redis and the same data. */
export function storedBytes(size: Size, id: string): Case {
  return {
    rows: [id],
    async run({ plan, stack }) {
      const perSession = async (side: 'sidecar' | 'connect-redis') =>
        (await stack(side, size)).storedBytes / plan.sessions[size];
      const ours = await perSession('sidecar');
      const theirs = await perSession('connect-redis');
      const what = `What Redis's memory grows by for each session of about ${sizes[size].words}, keys and expiry included, beside connect-redis.`;
      return [
        rowOf({ id, what, unit: 'bytes', better: 'lower', ours, theirs, ratio: ours / theirs, rival: 'connect-redis' }),
      ];
    },
  };
}

export const memoryIdle: Case = {
  rows: ['memory-idle'],
  async run({ plan, quiet }) {
    await quiet();
    const redis = await startRedis();
    const samples: number[] = [];
    for (let n = 0; n < plan.starts; n += 3) {
      const sidecar = await startSidecar({ redisPort: redis.port });
      await untilReady(sidecar);
      await delay(plan.idleMs);
      samples.push(residentBytesOf(sidecar.pid) / megabyte);
      await sidecar.stop();
    }
    await redis.stop();
    const what = 'Resident memory of a sidecar that was started, is connected to Redis and has served no call yet.';
    return [rowOf({ id: 'memory-idle', what, unit: 'MB', better: 'lower', ours: median(samples) })];
  },
};

const soakParts = 100;

interface SoakOptions {
  readonly side: 'sidecar' | 'sidecar-cached';
  /** The prefix of the row ids. */
  readonly prefix: '' | 'cached-';
  /** The process whose memory and handles are measured, in words. */
  readonly who: string;
  readonly pidOf: (stack: Stack) => number;
}

/** A long run of web requests, to find memory that grows and files or sockets that stay open. */
export const soak = soakCase({
  side: 'sidecar',
  prefix: '',
  who: 'the sidecar',
  pidOf: ({ server }) => server!.pid,
});

/** The same for an application whose client has a cache. */
export const cachedSoak = soakCase({
  side: 'sidecar-cached',
  prefix: 'cached-',
  who: 'the app with the client’s cache',
  pidOf: ({ appPids }) => appPids[0]!,
});

function soakCase(options: SoakOptions): Case {
  const { side, prefix } = options;
  return {
    rows: ['memory-after-1m', 'memory-flat', 'handles-leaked'].map((id) => `${prefix}${id}`),
    isLong: true,
    async run(bench) {
      await bench.quiet();
      const stack = await bench.stack(side, '300b');
      const operations = bench.plan.soakRequests / soakParts;
      const part: Round = { inFlight: 64, writeShare: 0.1, milliseconds: 60_000, operations };
      // Memory grows at first, because code is compiled and buffers grow. That is not a leak.
      for (let n = 0; n < soakParts / 20; n++) await stack.run(part);
      return soakRows(stack, part, options);
    },
  };
}

async function soakRows(stack: Stack, part: Round, { prefix, who, pidOf }: SoakOptions): Promise<Row[]> {
  const pid = pidOf(stack);
  const filesBefore = openFilesOf(pid);
  const samples: number[] = [];
  let operations = 0;
  let failed = 0;
  for (let n = 0; n < soakParts; n++) {
    const round = await stack.run(part);
    operations += round.operations;
    failed += round.failed;
    samples.push(residentBytesOf(pid) / megabyte);
  }
  const tenth = soakParts / 10;
  const first = mean(samples.slice(0, tenth));
  const last = mean(samples.slice(-tenth));
  const count = operations.toLocaleString('en');
  const shared = { better: 'lower', failed: { ours: failed, theirs: 0 } } as const;
  return [
    rowOf({
      id: `${prefix}memory-after-1m`,
      what: `Resident memory of ${who} after ${count} web requests of which 10 % wrote, 64 at a time.`,
      unit: 'MB',
      ours: samples.at(-1)!,
      ...shared,
    }),
    rowOf({
      id: `${prefix}memory-flat`,
      what: `Mean resident memory of ${who} in the last tenth of ${count} web requests, beside that in the first tenth.`,
      unit: 'MB',
      ours: last,
      theirs: first,
      ratio: last / first,
      ...shared,
    }),
    rowOf({
      id: `${prefix}handles-leaked`,
      what: `Files and sockets that ${who} opened during ${count} web requests and has not closed.`,
      unit: 'handles',
      ours: openFilesOf(pid) - filesBefore,
      ...shared,
    }),
  ];
}
