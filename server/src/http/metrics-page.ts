import Negotiator from 'negotiator';
import { Registry } from 'prom-client';
import type { Metric, OpenMetricsContentType } from 'prom-client';

export interface Page {
  readonly contentType: string;
  readonly text: string;
}

/** Gives the metrics in the format that whoever asks likes best, by the header `Accept`. */
export type PrintMetrics = (accept: string | undefined) => Promise<Page>;

/** Without `charset`, which no scraper asks for. */
const formats = {
  text: 'text/plain; version=0.0.4',
  openMetrics: 'application/openmetrics-text; version=1.0.0',
} as const;

/** Only OpenMetrics has exemplars. The text format of Prometheus is for all who do not ask for it. */
export function metricsPrinter(registry: Registry): PrintMetrics {
  const openMetrics = inOpenMetrics(registry);
  return async (accept) => {
    const preferred = new Negotiator({ headers: { accept: withoutEscaping(accept) } }).mediaType(
      Object.values(formats),
    );
    const chosen = preferred === formats.openMetrics ? openMetrics : registry;
    return { contentType: chosen.contentType, text: await chosen.metrics() };
  };
}

/** Prometheus 3 says how names are to be escaped. Ours need no escaping, so every way is right. */
function withoutEscaping(accept: string | undefined): string | undefined {
  return accept?.replaceAll(/;\s*escaping=[\w-]+/g, '');
}

/**
 * A registry of the same metrics that prints OpenMetrics. There, a counter is called without the `_total` that its samples
 * have. prom-client would rename the metric itself for that, and with it what the text format prints.
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

/** All that a registry asks of a metric. */
interface Printable {
  readonly name: string;
  get(): Promise<{ readonly name: string; readonly type: string }>;
}
