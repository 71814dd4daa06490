import { setImmediate as nextTurn } from 'node:timers/promises';
import Negotiator from 'negotiator';
import { Registry } from 'prom-client';
import type { Metric, OpenMetricsContentType } from 'prom-client';
import { shareBuilds } from './shared-build';

export interface Page {
  readonly contentType: string;
  /** Shared by all responses. */
  readonly body: Buffer;
}

/** Prints the metrics in the format that the header `Accept` prefers. */
export type PrintMetrics = (accept: string | undefined) => Promise<Page>;

/** Without `charset`, which no scraper asks for. */
const formats = {
  text: 'text/plain; version=0.0.4',
  openMetrics: 'application/openmetrics-text; version=1.0.0',
} as const;

/** How long printing may run before calls get a turn, in ms. */
const sliceMs = 1;

/** Pause between two pages, in ms: answering many scrapers costs more than printing. */
const pauseMs = 25;

/**
 * Only OpenMetrics has exemplars. Without a preference for it, the response is the text format of Prometheus. However many scrapers
 * there are, one page of each format is printed at a time.
 */
export function metricsPrinter(registry: Registry): PrintMetrics {
  const printText = shareBuilds(() => print(registry, '\n\n', '\n'), pauseMs);
  const openMetrics = inOpenMetrics(registry);
  const printOpenMetrics = shareBuilds(() => print(openMetrics, '\n', '\n# EOF\n'), pauseMs);
  return (accept) => {
    const preferred = new Negotiator({ headers: { accept: withoutEscaping(accept) } }).mediaType(
      Object.values(formats),
    );
    return preferred === formats.openMetrics ? printOpenMetrics() : printText();
  };
}

/** As `registry.metrics()`, but in slices: calls run in between. Each metric is consistent in itself. */
async function print(registry: AnyRegistry, separator: string, end: string): Promise<Page> {
  const printed: string[] = [];
  let began = performance.now();
  for (const { name } of registry.getMetricsAsArray() as unknown as readonly Printable[]) {
    printed.push(await registry.getSingleMetricAsString(name));
    if (performance.now() - began > sliceMs) {
      await nextTurn();
      began = performance.now();
    }
  }
  return { contentType: registry.contentType, body: Buffer.from(printed.join(separator) + end) };
}

/** Prometheus 3 requests a way to escape names. Ours need no escaping. */
function withoutEscaping(accept: string | undefined): string | undefined {
  return accept?.replaceAll(/;\s*escaping=[\w-]+/g, '');
}

/**
 * A registry of the same metrics that prints OpenMetrics. There, the name of a counter lacks the `_total` of its samples.
 * prom-client would rename the metric itself for that, and with it what the text format prints.
 */
function inOpenMetrics(registry: Registry): Registry<OpenMetricsContentType> {
  const openMetrics = new Registry<OpenMetricsContentType>();
  openMetrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  for (const metric of registry.getMetricsAsArray() as unknown as readonly Printable[]) {
    const get = async () => {
      const family = await metric.get();
      return family.type === 'counter' ? { ...family, name: family.name.replace(/_total$/, '') } : family;
    };
    openMetrics.registerMetric({ name: metric.name, get } as unknown as Metric);
  }
  return openMetrics;
}

type AnyRegistry = Pick<
  Registry | Registry<OpenMetricsContentType>,
  'contentType' | 'getMetricsAsArray' | 'getSingleMetricAsString'
>;

/** What a registry uses of a metric. */
interface Printable {
  readonly name: string;
  get(): Promise<{ readonly name: string; readonly type: string }>;
}
