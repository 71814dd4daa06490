import { sizes } from '../shop';
import type { Size } from '../shop';
import type { Case } from './case';
import { comparison, figures } from './comparison';
import type { ComparisonOptions } from './comparison';

const rival = { theirs: 'connect-redis', isRival: true } as const;
const besideConnectRedis = 'beside connect-redis in the app’s process';
/** The text of a row about the app's CPU time, next to the row `what`. */
const appCpu = (what: string) => `CPU time of the app per request. ${what}`;

/** The two ways to open a cached session. */
const freshness = [
  {
    name: 'cached',
    ours: 'sidecar-cached',
    what: 'With the client’s cache, live: loading sessions without a call',
  },
  {
    name: 'validated',
    ours: 'sidecar-validated',
    what: 'With the client’s cache, validated: loading sessions after the sidecar has said that they have not changed',
  },
] as const;

const mixes = [
  { name: 'mix90', writeShare: 0.1, writes: '10 %' },
  { name: 'mix50', writeShare: 0.5, writes: 'half' },
] as const;

const inFlights = [1, 8, 64, 256] as const;
/** The percentages of operations on sessions that the cache has room for. */
const hitRates = [0, 50, 80, 90, 98] as const;

/** The cases with a client cache. */
export function clientCacheCases(size: Size): readonly Case[] {
  if (size !== '300b')
    return [...freshness.map((one) => reads(one, size, 64)), ...mixes.map((mix) => mixed(mix, size, 64))];
  return [
    ...freshness.map(alone),
    ...freshness.flatMap((one) => [8, 64].map((inFlight) => reads(one, size, inFlight))),
    ...mixes.flatMap((mix) => inFlights.map((inFlight) => mixed(mix, size, inFlight))),
    ...hitRates.map(hits),
  ];
}

/** One read at a time, compared with the fastest read that Redis allows. */
function alone({ name, ours, what }: (typeof freshness)[number]): Case {
  const text = `${what}, one at a time: median time, beside a GET by ioredis in the app’s process.`;
  const load = { ours, theirs: 'ioredis-get', size: '300b', inFlight: 1, writeShare: 0, isRival: true } as const;
  return comparison({
    ...{ ...load, isCareful: true },
    rows: [
      { id: `${name}-latency-1`, what: text, figure: figures.p50 },
      { id: `${name}-latency-1-cpu`, what: appCpu(text.replace(' median time,', '')), figure: figures.appCpu },
    ],
  });
}

function reads({ name, ours, what }: (typeof freshness)[number], size: Size, inFlight: number): Case {
  const text = `${what}, about ${sizes[size].words}, ${inFlight} at a time, ${besideConnectRedis}.`;
  return withCpu(`${name}-read-${size}-${inFlight}`, text, { ...rival, ours, size, inFlight, writeShare: 0 });
}

function mixed({ name, writeShare, writes }: (typeof mixes)[number], size: Size, inFlight: number): Case {
  const text = `With the client’s cache: web requests of which ${writes} write, sessions of about ${sizes[size].words}, ${inFlight} at a time, ${besideConnectRedis}.`;
  const load = { ...rival, ours: 'sidecar-cached', size, inFlight, writeShare } as const;
  return withCpu(`cached-${name}-${size}-${inFlight}`, text, load);
}

function hits(percent: (typeof hitRates)[number]): Case {
  const text = `With the client’s cache: web requests that only read, ${percent} % of them a session that the cache has room for, 300 bytes, 64 at a time, ${besideConnectRedis}.`;
  return withCpu(`cached-hits-${percent}`, text, {
    ...{ ...rival, ours: 'sidecar-small-cache', size: '300b', inFlight: 64, writeShare: 0 },
    hotShare: percent / 100,
  });
}

/** Compares throughput and, in the same rounds, the app's CPU time. */
export function withCpu(id: string, what: string, load: Omit<ComparisonOptions, 'rows'>): Case {
  return comparison({
    ...load,
    rows: [
      { id, what, figure: figures.perSecond },
      { id: `${id}-cpu`, what: appCpu(what), figure: figures.appCpu },
    ],
  });
}
