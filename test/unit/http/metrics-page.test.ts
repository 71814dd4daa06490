import { expect, test } from '@jest/globals';
import { Gauge, Registry } from 'prom-client';
import { metricsPrinter } from '../../../server/src/http/metrics-page';
import { Counter, Histogram } from '../../../server/src/metrics/fast-metrics';

function registryWithMetrics(): Registry {
  const registry = new Registry();
  const calls = new Counter(registry, { name: 'calls_total', help: 'Calls.', labelNames: ['method', 'status'] });
  calls.inc('Get', 'OK');
  calls.inc('Set', 'say "no"\n');
  const labels = { trace_id: 'a', span_id: 'b' };
  const time = new Histogram(registry, { name: 'seconds', help: 'Time.', labelNames: [] }, [0.1, 1], () => labels);
  time.observe(0.5);
  new Gauge({ name: 'ready', help: 'Ready.', registers: [registry] }).set(1);
  return registry;
}

test('the page in text is what prom-client prints', async () => {
  const registry = registryWithMetrics();
  const { contentType, body } = await metricsPrinter(registry)(undefined);
  expect(contentType).toBe(registry.contentType);
  expect(body.toString()).toBe(await registry.metrics());
});

test('the page in OpenMetrics is what prom-client prints, but that counters have the same samples as in text', async () => {
  const registry = registryWithMetrics();
  const { contentType, body } = await metricsPrinter(registry)('application/openmetrics-text; version=1.0.0');
  expect(contentType).toBe(Registry.OPENMETRICS_CONTENT_TYPE);
  const lines = body.toString().split('\n');
  expect(lines).toContain('# TYPE calls counter');
  expect(lines).toContain('calls_total{method="Get",status="OK"} 1');
  expect(lines).toContainEqual(
    expect.stringMatching(/^seconds_bucket\{le="1"\} 1 # \{trace_id="a",span_id="b"\} 0.5 \S+$/),
  );
  expect(lines.slice(-2)).toEqual(['# EOF', '']);
});

test('scrapers that ask together get the same page, which is there once', async () => {
  const print = metricsPrinter(registryWithMetrics());
  const first = print(undefined);
  const [second, third] = await Promise.all([print(undefined), print('text/plain')]);
  expect(second.body).toBe(third.body);
  expect((await first).body).not.toBe(second.body);
});
