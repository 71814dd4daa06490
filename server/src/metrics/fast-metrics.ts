import type { Metric, Registry } from 'prom-client';

/*
 * prom-client's own counters and histograms hash labels at every event, which took 10 % of the CPU time of a read. These look up
 * their series, and an event is an addition. prom-client prints them like metrics of its own.
 */

export interface Description {
  readonly name: string;
  readonly help: string;
  /** Up to two. */
  readonly labelNames: readonly string[];
}

type Labels = Readonly<Record<string, string>>;

interface Value {
  readonly labels: Labels;
  readonly value: number;
  readonly metricName?: string;
  readonly exemplar?: Exemplar | undefined;
}

/** Labels that identify the counted event; `undefined`: none. */
export type ExemplarLabels = Labels | undefined;

/** One of the events that a bucket counts, as prom-client prints it in OpenMetrics. */
interface Exemplar {
  readonly labelSet: Labels;
  readonly value: number;
  /** In seconds since 1970. */
  readonly timestamp: number;
}

/** The series of one metric, by the values of its labels. */
class Family<Series> {
  readonly #create: () => Series;
  readonly #labelNames: readonly string[];
  readonly #byFirst = new Map<string, Map<string, Series>>();

  constructor(create: () => Series, labelNames: readonly string[]) {
    this.#create = create;
    this.#labelNames = labelNames;
    // A metric without labels exists from the start.
    if (labelNames.length === 0) this.at('', '');
  }

  at(first: string, second: string): Series {
    let bySecond = this.#byFirst.get(first);
    if (bySecond === undefined) {
      bySecond = new Map();
      this.#byFirst.set(first, bySecond);
    }
    let series = bySecond.get(second);
    if (series === undefined) {
      series = this.#create();
      bySecond.set(second, series);
    }
    return series;
  }

  flatMap(toValues: (series: Series, labels: Labels) => readonly Value[]): Value[] {
    return [...this.#byFirst].flatMap(([first, bySecond]) =>
      [...bySecond].flatMap(([second, series]) => {
        const values = [first, second];
        return toValues(series, Object.fromEntries(this.#labelNames.map((name, n) => [name, values[n]!])));
      }),
    );
  }
}

export class Counter {
  readonly #family: Family<{ value: number }>;

  constructor(registry: Registry, { name, help, labelNames }: Description) {
    this.#family = new Family(() => ({ value: 0 }), labelNames);
    register(registry, { name, help, labelNames, type: 'counter' }, () =>
      this.#family.flatMap(({ value }, labels) => [{ labels, value }]),
    );
  }

  /** @param first the value of the first label, if the counter has one. */
  inc(first = '', second = ''): void {
    this.#family.at(first, second).value += 1;
  }

  /** @param first the value of the first label, if the counter has one */
  add(count: number, first = ''): void {
    this.#family.at(first, '').value += count;
  }

  /** A series that does not exist before its first event hides that event from rate() and increase(). */
  announce(first = '', second = ''): void {
    this.#family.at(first, second);
  }
}

interface HistogramSeries {
  /** Observations up to each bound and above the one before it, then those above all bounds. */
  readonly counts: number[];
  sum: number;
  /** The last one of each bucket. */
  readonly exemplars: (Exemplar | undefined)[];
}

export class Histogram {
  readonly #family: Family<HistogramSeries>;
  readonly #bounds: readonly number[];
  readonly #exemplar: (() => ExemplarLabels) | undefined;

  /**
   * @param bounds upper bounds of the buckets, inclusive, ascending
   * @param exemplar labels of the event that is just observed
   */
  constructor(
    registry: Registry,
    { name, help, labelNames }: Description,
    bounds: readonly number[],
    exemplar?: () => ExemplarLabels,
  ) {
    this.#bounds = bounds;
    this.#exemplar = exemplar;
    const empty = () => ({ counts: new Array<number>(bounds.length + 1).fill(0), sum: 0, exemplars: [] });
    this.#family = new Family<HistogramSeries>(empty, labelNames);
    register(registry, { name, help, labelNames, type: 'histogram' }, () =>
      this.#family.flatMap(toBuckets(name, bounds)),
    );
  }

  /** @param first the value of the first label, if the histogram has one. */
  observe(value: number, first = '', second = ''): void {
    const bounds = this.#bounds;
    const series = this.#family.at(first, second);
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    series.counts[bucket]! += 1;
    series.sum += value;
    const labelSet = this.#exemplar?.();
    if (labelSet !== undefined) series.exemplars[bucket] = { labelSet, value, timestamp: Date.now() / 1000 };
  }
}

/** In the text for Prometheus, each bucket counts those below it, too (https://prometheus.io/docs/concepts/metric_types/#histogram). */
function toBuckets(name: string, bounds: readonly number[]) {
  return ({ counts, sum, exemplars }: HistogramSeries, labels: Labels): Value[] => {
    let count = 0;
    const buckets = counts.map((inBucket, bucket) => {
      count += inBucket;
      const le = String(bounds[bucket] ?? '+Inf');
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count, exemplar: exemplars[bucket] };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  };
}

function register(
  registry: Registry,
  { labelNames, ...shown }: Description & { readonly type: 'counter' | 'histogram' },
  values: () => readonly Value[],
): void {
  const get = () => Promise.resolve({ ...shown, values: values(), aggregator: 'sum' });
  // A registry uses nothing else of a metric.
  registry.registerMetric({ name: shown.name, labelNames, get } as unknown as Metric);
}
