import type { Sample } from '../stats/history';
import type { HistoryStats } from '../stats/stats';
import { chart } from './chart';
import { asBytes, asDuration, asMilliseconds, asPercent, asRate } from './format';
import { html } from './html';
import type { Html } from './html';

type Figure = (sample: Sample) => number | null;

interface ChartKind {
  readonly title: string;
  readonly format: (value: number) => string;
  /** The lines by their names. */
  readonly lines: Readonly<Record<string, Figure>>;
}

const kinds: readonly ChartKind[] = [
  {
    title: 'Calls',
    format: asRate,
    lines: { all: ({ callsPerSecond }) => callsPerSecond, failed: ({ failedPerSecond }) => failedPerSecond },
  },
  {
    title: 'Latency of calls',
    format: asMilliseconds,
    lines: { p50: ({ p50Ms }) => p50Ms, p99: ({ p99Ms }) => p99Ms },
  },
  {
    title: 'Latency of the store',
    format: asMilliseconds,
    lines: { p50: ({ storeP50Ms }) => storeP50Ms, p99: ({ storeP99Ms }) => storeP99Ms },
  },
  {
    title: 'Cache hit rate',
    format: asPercent,
    lines: {
      'near cache': ({ nearCacheHitRate }) => nearCacheHitRate,
      'client caches': ({ clientCacheHitRate }) => clientCacheHitRate,
    },
  },
  {
    title: 'Memory',
    format: asBytes,
    lines: { resident: ({ rssBytes }) => rssBytes, heap: ({ heapBytes }) => heapBytes },
  },
  { title: 'Processor', format: asPercent, lines: { 'of one core': ({ cpu }) => cpu } },
];

/** The charts, each of which has its figures as text. */
export function charts({ samples, maxSamples: capacity, intervalSeconds }: HistoryStats): Html {
  const span = asDuration(capacity * intervalSeconds * 1000);
  return html`${kinds.map(({ title, format, lines }) =>
    chart({
      ...{ title, format, capacity, span },
      series: Object.entries(lines).map(([name, figure]) => ({ name, values: samples.map(figure) })),
    }),
  )}`;
}
