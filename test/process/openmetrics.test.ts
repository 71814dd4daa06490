import { beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../support/poll';
import { probe } from '../support/process';
import type { ServingProcess } from '../support/process';
import { newTrace, startTraced } from '../support/traced-sidecar';
import { describeWith, run } from '../support/tools';
import { stackForAllTests, stackForEachTest } from '../support/stack';

const text = 'text/plain; version=0.0.4; charset=utf-8';
const openMetrics = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** What Prometheus 2.53 and 3.5 ask for. */
const prometheus2 =
  'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';
const prometheus3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';

function metricsAs(accept: string, { httpUrl }: ServingProcess) {
  return probe(`${httpUrl}/metrics`, { headers: { accept } });
}

/** The lines of samples, without exemplars and without values, which change from one moment to the next. */
function seriesOf(page: string): readonly string[] {
  const samples = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return samples.map((line) => line.replace(/^(\w+(?:\{[^}]*\})?) .*/, '$1')).sort();
}

const withoutTracing = { OTEL_EXPORTER_OTLP_ENDPOINT: '' };

describe('the format of GET /metrics', () => {
  const stack = stackForAllTests();
  let sidecar: ServingProcess;

  beforeAll(async () => {
    sidecar = await stack.process();
  });

  test.each([
    ['*/*', text],
    ['text/plain', text],
    ['text/*;q=0.5, */*;q=0.1', text],
    ['application/json', text],
    ['nonsense', text],
    ['text/plain;version=0.0.4, application/openmetrics-text;q=0.5', text],
    ['application/openmetrics-text;q=0, text/plain;q=0.1', text],
    ['application/openmetrics-text', openMetrics],
    ['application/openmetrics-text; version=1.0.0', openMetrics],
    ['application/openmetrics-text;version=0.0.1', text],
    [prometheus2, openMetrics],
    [prometheus3, openMetrics],
  ])('for Accept: %s is %s', async (accept, contentType) => {
    const { status, headers } = await metricsAs(accept, sidecar);
    expect({ status, contentType: headers.get('content-type') }).toEqual({ status: 200, contentType });
    expect(headers.get('vary')).toBe('accept');
  });
});

const stack = stackForEachTest();

describe('GET /metrics', () => {
  test('has the same series in both formats, and the one does not change the other', async () => {
    const traced = await startTraced(stack);
    const { sidecar, client } = await traced.start();
    await client.call('createSession', {});
    const first = await metricsAs('text/plain', sidecar);
    const open = await metricsAs(prometheus3, sidecar);
    const again = await metricsAs('text/plain', sidecar);
    // What Node.js does at the moment.
    const lasting = (page: { text: string }) =>
      seriesOf(page.text).filter((name) => !/^nodejs_(active|gc)_/.test(name));
    expect(lasting(first)).toContain('session_sidecar_rpcs_total{method="CreateSession",status="OK"}');
    expect(lasting(open)).toEqual(lasting(first));
    expect(lasting(again)).toEqual(lasting(first));
    expect(open.text).toContain('\n# TYPE session_sidecar_rpcs counter\n');
    expect(again.text).toContain('\n# TYPE session_sidecar_rpcs_total counter\n');
    expect(open.text).toMatch(/\n# EOF\n$/);
    expect(again.text).not.toContain('# EOF');
  });
});

describe('the buckets of session_sidecar_rpc_duration_seconds', () => {
  const exemplars = (page: string): readonly string[] => page.split('\n').filter((line) => line.includes(' # {'));

  test('have the last exported span of each as exemplar, in OpenMetrics only', async () => {
    const traced = await startTraced(stack);
    const { sidecar, client } = await traced.start();
    const [sampled, unsampled] = [newTrace(), newTrace('00')];
    await client.call('createSession', {}, { metadata: sampled.metadata });
    await client.call('createSession', {}, { metadata: unsampled.metadata });
    const spans = await traced.collector.spansOf(sampled.traceId, 2);
    const rpc = spans.find(({ kind }) => kind === 'SERVER');
    const lines = exemplars((await metricsAs(prometheus2, sidecar)).text);
    expect(lines).toHaveLength(1);
    const [, le, ids, value, time] =
      /^session_sidecar_rpc_duration_seconds_bucket\{le="(.+)",method="CreateSession"\} \d+ # \{(.+)\} (\S+) (\S+)$/.exec(
        lines[0] ?? '',
      ) ?? [];
    expect(ids).toBe(`trace_id="${sampled.traceId}",span_id="${rpc?.spanId}"`);
    expect(Number(value)).toBeLessThanOrEqual(Number(le?.replace('+Inf', 'Infinity')));
    expect(Math.abs(Date.now() / 1000 - Number(time))).toBeLessThan(3600);
    expect(exemplars((await metricsAs('text/plain', sidecar)).text)).toEqual([]);
  });

  test('have the exemplar of a call that was cancelled, too', async () => {
    const traced = await startTraced(stack);
    const { sidecar, client } = await traced.start();
    const { token } = await client.call('createSession', {}, { metadata: newTrace('00').metadata });
    traced.redis.freeze();
    const { traceId, metadata } = newTrace();
    await client.call('getSession', { token }, { metadata, deadline: Date.now() + 200 }).catch(() => undefined);
    await traced.collector.spansOf(traceId, 1);
    traced.redis.thaw();
    expect(exemplars((await metricsAs(prometheus2, sidecar)).text)).toEqual([
      expect.stringMatching(`method="GetSession".*trace_id="${traceId}"`),
    ]);
  });

  test('have none without tracing', async () => {
    const traced = await startTraced(stack);
    const { sidecar, client } = await traced.start({ env: withoutTracing });
    await client.call('createSession', {}, { metadata: newTrace().metadata });
    const { text: page } = await metricsAs(prometheus2, sidecar);
    expect(page).toContain('session_sidecar_rpc_duration_seconds_count{method="CreateSession"} 1\n');
    expect(exemplars(page)).toEqual([]);
  });
});

const hasPrometheus = run('prometheus', ['--version']) !== undefined;

describeWith('prometheus', hasPrometheus)('a Prometheus that keeps exemplars', () => {
  test('finds the trace of a call from the histogram', async () => {
    const traced = await startTraced(stack);
    const { sidecar, client } = await traced.start();
    const { traceId, metadata } = newTrace();
    await client.call('createSession', {}, { metadata });
    const prometheus = await stack.prometheus({
      target: sidecar.httpUrl,
      labels: { job: 'web' },
      rules: { groups: [] },
      args: ['--enable-feature=exemplar-storage'],
    });
    const query = 'session_sidecar_rpc_duration_seconds_bucket{method="CreateSession"}';
    const hour = 3600;
    const now = Date.now() / 1000;
    const path = `query_exemplars?query=${encodeURIComponent(query)}&start=${now - hour}&end=${now + hour}`;
    const found = await until('an exemplar', async () => {
      const series = (await prometheus.get(path)) as { exemplars: { labels: Record<string, string> }[] }[];
      return series.length > 0 && series;
    });
    expect(found.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels['trace_id']))).toEqual([traceId]);
  });
});
