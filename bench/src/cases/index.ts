import { matrixSizes, sizes } from '../shop';
import type { Size } from '../shop';
import { budgets } from '../budgets';
import { attackCases } from './attacks';
import { cacheMemory } from './cache-memory';
import type { Case } from './case';
import { clientCacheCases } from './client-cache';
import { comparison, figures } from './comparison';
import type { ComparisonOptions } from './comparison';
import { costOverSize } from './cost-over-size';
import { encryptionCases } from './encryption';
import { expressCases } from './express';
import { growthInFlight } from './growth';
import { languageCases } from './languages';
import { cachedSoak, memoryIdle, soak, storedBytes } from './memory';
import { redisCost } from './redis-cost';
import { silentLoss, staleness } from './staleness';
import { startUp } from './start-up';
import { twoPods } from './two-pods';
import { watching } from './watching';
import { webCases } from './web';

const inFlights = [1, 8, 64, 256] as const;
/** The size and number in flight of rows with a budget, unless their ids say otherwise. */
const usual = { size: '300b', inFlight: 64 } as const;

const mixes = [
  { name: 'mix100', writeShare: 0, what: 'Web requests that only read' },
  { name: 'mix90', writeShare: 0.1, what: 'Web requests of which 10 % write' },
  { name: 'mix50', writeShare: 0.5, what: 'Web requests of which half write' },
] as const;

const capacity = {
  theirs: 'echo',
  size: '300b',
  inFlight: 64,
  writeShare: 0,
  isRival: false,
  isCareful: true,
} as const;
const capacityWhat =
  'Unary GetSession calls served for each second of the server’s own CPU time, the server always busy';

/** Every case, in the order in which they run. Cases of one size follow each other, because a change of size restarts all sides. */
export const allCases: readonly Case[] = [
  redisCost,
  startUp,
  memoryIdle,
  staleness('near'),
  staleness('cached'),
  silentLoss,
  watching,
  ...(['300b', '4kb'] as const).map(cacheMemory),
  storedBytes('300b', 'bytes-per-session'),
  latency(),
  ...(Object.keys(sizes) as Size[]).flatMap((size) => [
    ...(isInMatrix(size) ? matrixOf(size) : []),
    costOverSize(size),
  ]),
  ...attackCases,
  soak,
  cachedSoak,
];

function isInMatrix(size: Size): boolean {
  return (matrixSizes as readonly Size[]).includes(size);
}

function matrixOf(size: Size): Case[] {
  return [
    ...inFlights.map((inFlight) => readCase(size, inFlight)),
    ...inFlights.map((inFlight) => unaryCase(size, inFlight)),
    ...mixes.flatMap((mix) => inFlights.map((inFlight) => mixCase(mix, size, inFlight))),
    ...clientCacheCases(size),
    ...expressCases(size),
    ...encryptionCases(size),
    ...(size === usual.size
      ? [
          ...growthInFlight,
          ...twoPods,
          ...languageCases,
          ...webCases,
          ...nearCases(),
          recordingCase(),
          pipeliningCase(),
          capacityCase(),
          memoryCapacityCase(),
        ]
      : []),
    ...(size === usual.size ? [] : [storedBytes(size, `bytes-per-session-${size}`)]),
  ];
}

export interface Selection {
  /** Cases with a row whose id matches. Default: all. */
  readonly pattern?: RegExp;
  /** Selects the cases with a budget that are not long. A pattern overrides it. */
  readonly quick: boolean;
}

export function selectCases({ pattern, quick }: Selection): readonly Case[] {
  if (pattern !== undefined) return allCases.filter((each) => namesOf(each).some((name) => pattern.test(name)));
  if (quick) return allCases.filter((each) => !each.isLong && each.rows.some((id) => id in budgets));
  return allCases;
}

function namesOf(each: Case): readonly string[] {
  return each === soak || each === cachedSoak ? ['soak', ...each.rows] : each.rows;
}

/** One read at a time, compared with the fastest read that Redis allows. */
function latency(): Case {
  const what =
    'Loading a session with nothing else in flight: median time, beside a GET by ioredis in the app’s process.';
  const options = {
    ours: 'sidecar',
    theirs: 'ioredis-get',
    size: '300b',
    inFlight: 1,
    writeShare: 0,
    isRival: true,
  } as const;
  return comparison({ ...options, rows: [{ id: 'latency-1', what, figure: figures.p50 }] });
}

function readCase(size: Size, inFlight: number): Case {
  const what = `Loading sessions of about ${sizes[size].words}, ${inFlight} at a time, beside HGETALL by ioredis in the app’s process.`;
  return reads('read', 'ioredis-hgetall', size, inFlight, what);
}

function unaryCase(size: Size, inFlight: number): Case {
  const what = `Loading sessions of about ${sizes[size].words}, ${inFlight} at a time, beside the same client over unary grpc-js.`;
  return reads('unary', 'unary', size, inFlight, what);
}

function pipeliningCase(): Case {
  const what =
    'Loading sessions of about 300 bytes, 64 at a time, beside HGETALL by ioredis with enableAutoPipelining.';
  return reads('pipelining', 'ioredis-pipelining', usual.size, usual.inFlight, what);
}

function reads(name: string, theirs: ComparisonOptions['theirs'], size: Size, inFlight: number, what: string): Case {
  const rows = [{ id: `${name}-${size}-${inFlight}`, what, figure: figures.perSecond }];
  return comparison({ ours: 'sidecar', theirs, size, inFlight, writeShare: 0, isRival: theirs !== 'unary', rows });
}

function mixCase({ name, writeShare, what }: (typeof mixes)[number], size: Size, inFlight: number): Case {
  const load = `sessions of about ${sizes[size].words}, ${inFlight} at a time`;
  const hasCpuRows = name === 'mix90' && size === usual.size && inFlight === usual.inFlight;
  const cpu = (of: string) => `CPU time per request of ${of}; ${what.toLowerCase()}, ${load}, beside connect-redis.`;
  return comparison({
    ...{ ours: 'sidecar', theirs: 'connect-redis', size, inFlight, writeShare, isRival: true },
    rows: [
      {
        id: `${name}-${size}-${inFlight}`,
        what: `${what}, ${load}, beside connect-redis in the app’s process.`,
        figure: figures.perSecond,
      },
      ...(hasCpuRows
        ? [
            { id: `cpu-app-${name}`, what: cpu('the app'), figure: figures.appCpu },
            { id: `cpu-redis-${name}`, what: cpu('Redis'), figure: figures.redisCpu },
            { id: `cpu-all-${name}`, what: cpu('app, sidecar and Redis together'), figure: figures.allCpu },
          ]
        : []),
    ],
  });
}

function capacityCase(): Case {
  const what = `${capacityWhat}, beside a grpc-js server that does nothing but give the same bytes.`;
  return comparison({
    ...capacity,
    ours: 'capacity',
    rows: [{ id: 'server-capacity', what, figure: figures.perServerCpuSecond }],
  });
}

/** Cases of rows with a budget, with a near cache in the sidecar. */
function nearCases(): Case[] {
  const near = { ours: 'sidecar-near', size: usual.size, isRival: true, isCareful: true } as const;
  const what = 'With a near cache:';
  return [
    comparison({
      ...{ ...near, theirs: 'ioredis-get', inFlight: 1, writeShare: 0 },
      rows: [
        {
          id: 'near-latency-1',
          what: `${what} loading a session with nothing else in flight, median time, beside a GET by ioredis in the app’s process.`,
          figure: figures.p50,
        },
      ],
    }),
    comparison({
      ...{ ...near, theirs: 'ioredis-hgetall', inFlight: usual.inFlight, writeShare: 0 },
      rows: [
        {
          id: 'near-read-300b-64',
          what: `${what} loading sessions of about 300 bytes, 64 at a time, beside HGETALL by ioredis in the app’s process.`,
          figure: figures.perSecond,
        },
      ],
    }),
    comparison({
      ...{ ...near, theirs: 'connect-redis', inFlight: usual.inFlight, writeShare: 0.1 },
      rows: [
        {
          id: 'near-mix90-300b-64',
          what: `${what} web requests of which 10 % write, sessions of about 300 bytes, 64 at a time, beside connect-redis in the app’s process.`,
          figure: figures.perSecond,
        },
      ],
    }),
  ];
}

/** What it would cost to record each access, as connect-redis does, instead of one a minute. */
function recordingCase(): Case {
  const what =
    'With every access recorded: web requests of which 10 % write, sessions of about 300 bytes, 64 at a time, beside connect-redis in the app’s process.';
  return comparison({
    ...{
      ...usual,
      ours: 'sidecar-recording',
      theirs: 'connect-redis',
      writeShare: 0.1,
      isRival: true,
      isCareful: true,
    },
    rows: [{ id: 'recording-mix90-300b-64', what, figure: figures.perSecond }],
  });
}

function memoryCapacityCase(): Case {
  const what = `${capacityWhat}; the same with the memory store in place of Redis.`;
  const rows = [{ id: 'server-capacity-memory', what, figure: figures.perServerCpuSecond }];
  return comparison({ ...capacity, ours: 'capacity-memory', rows });
}
