import { Registry } from 'prom-client';
import { createMetrics } from '../../../server/src/metrics/metrics';
import { code, page, table } from './markdown';

/** docs/reference/metrics.md, from the metrics as they are registered. */
export async function metricsPage(): Promise<string> {
  const registry = new Registry();
  createMetrics(registry, { version: '', store: '' });
  const all = (await registry.getMetricsAsJSON()) as unknown as { name: string; help: string; type: string }[];
  const labels = (name: string): readonly string[] =>
    (registry.getSingleMetric(name) as unknown as { labelNames: readonly string[] }).labelNames;
  const rows = all.map(({ name, type, help }) => [code(name), type, labels(name).map(code).join(', '), help]);
  const isOwn = ([name]: string[]): boolean => name?.startsWith('`session_sidecar_') ?? false;
  const heading = ['Metric', 'Type', 'Labels', 'Meaning'];
  return page(
    'Metrics',
    [
      '`GET /metrics` on `SESSION_SIDECAR_HTTP_ADDRESS` returns OpenMetrics 1.0 if the header `Accept` requests it, as that of',
      'Prometheus does, else the text format of Prometheus. Both have the same series. In OpenMetrics, with',
      '[tracing](../operate/tracing.md), the buckets of `session_sidecar_rpc_duration_seconds` have exemplars. Label values come',
      'from closed sets: methods, gRPC statuses, error reasons, store commands, limits, settings. No metric carries an id, key or',
      'value.',
    ],
    table(heading, rows.filter(isOwn)),
    '## Process\n',
    table(
      heading,
      rows.filter((row) => !isOwn(row)),
    ),
  );
}
