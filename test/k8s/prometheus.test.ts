import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../support/poll';
import { metricsOf, probe, signingKey } from '../support/process';
import type { ServingProcess } from '../support/process';
import type { Prometheus, Series } from '../support/prometheus';
import { connectRaw, failureOf, mutation } from '../support/raw-grpc';
import type { RawClient } from '../support/raw-grpc';
import { connectBare, openPipeline } from '../support/raw-pipeline';
import type { RedisServer } from '../support/redis';
import { describeWith, run } from '../support/tools';
import { documentedMetrics, documentedSeries, metricsIn, ruleGroups, rules } from './rules';
import { stackForAllTests } from '../support/stack';

const hasPrometheus = run('prometheus', ['--version']) !== undefined;

/** As the PodMonitor of k8s/monitoring labels them. */
const labels = { namespace: 'shop', job: 'web', pod: 'web-1', container: 'session-sidecar' };

/** What is there only while, or after, Node.js has done something. */
const comeAndGo = ['nodejs_active_requests', 'nodejs_gc_duration_seconds'];

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const dashboard = JSON.parse(readFileSync(join(__dirname, '../../k8s/grafana-dashboard.json'), 'utf8')) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] };
};
const queries = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));

async function inBatches(numbers: readonly number[], work: (number: number) => Promise<unknown>): Promise<void> {
  for (let n = 0; n < numbers.length; n += 50) await Promise.all(numbers.slice(n, n + 50).map(work));
}

describe('the dashboard', () => {
  test('asks only for metrics that are documented or recorded', () => {
    const known = new Set([...documentedSeries, ...rules.flatMap(({ record }) => record ?? []), 'up']);
    expect(queries.flatMap(({ expr }) => metricsIn(expr)).filter((name) => !known.has(name))).toEqual([]);
  });

  test('shows all metrics of sessions, calls and the store', () => {
    const expanded = [...queries, ...rules].map(({ expr }) => expr).join();
    const own = [...documentedMetrics.keys()].filter((name) => name.startsWith('session_sidecar_'));
    expect(own.length).toBeGreaterThan(10);
    expect(own.filter((name) => !expanded.includes(name))).toEqual([]);
  });

  test('is valid for Grafana: every panel has a position, a source and a query', () => {
    const panels = dashboard.panels.filter(({ type }) => type !== 'row');
    expect(panels.length).toBeGreaterThan(15);
    for (const panel of panels) {
      expect(panel).toMatchObject({
        id: expect.any(Number),
        title: expect.stringMatching(/./),
        datasource: { type: 'prometheus', uid: '${datasource}' },
        gridPos: { x: expect.any(Number), y: expect.any(Number), w: 8, h: 8 },
        targets: expect.arrayContaining([expect.objectContaining({ refId: 'A' })]),
      });
    }
    const places = dashboard.panels.map((panel) => JSON.stringify((panel as unknown as { gridPos: unknown }).gridPos));
    expect(new Set(places).size).toBe(places.length);
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'namespace', 'job']);
  });
});

describeWith('prometheus', hasPrometheus)('a Prometheus that scrapes a sidecar under load', () => {
  const stack = stackForAllTests();
  let redis: RedisServer;
  let sidecar: ServingProcess;
  let client: RawClient;
  let prometheus: Prometheus;

  beforeAll(async () => {
    redis = await stack.redis();
    const keysFile = join(redis.directory, 'signing-keys');
    writeFileSync(keysFile, signingKey);
    sidecar = await stack.process({
      settings: {
        SIGNING_KEYS_FILE: keysFile,
        REDIS_URL: redis.url,
        REDIS_COMMAND_TIMEOUT: '20s',
        REDIS_MAX_SILENCE: '20s',
        NEAR_CACHE: '8MiB',
      },
    });
    client = stack.use(connectRaw(sidecar.address));
    await until('the sidecar to be ready', async () => (await probe(`${sidecar.httpUrl}/readyz`)).status === 200);
    await everyKindOfCall();
    prometheus = await stack.prometheus({ target: sidecar.httpUrl, labels, rules: ruleGroups });
    await everyKindOfCall();
    await prometheus.scrapedAnew();
  });

  /** Calls of every method, with results of every kind. */
  async function everyKindOfCall(): Promise<void> {
    const { token } = await client.call('createSession', { mutations: [mutation.set('user', '"Ada"')] });
    await client.call('getSession', { token });
    await client.call('updateSession', { token, mutations: [mutation.set('cart', '[]')] });
    await failureOf(client.call('updateSession', { token, ifVersion: 77 }));
    await client.call('pushFlash', { token, message: Buffer.from('1') });
    await client.call('peekFlash', { token });
    await client.call('popFlash', { token });
    await client.call('getCsrfToken', { token });
    await client.call('newCsrfToken', { token });
    await client.call('checkCsrfToken', { token });
    await failureOf(client.call('getSession', { token: 'nonsense' }));
    await redis.admin.config('SET', 'maxmemory', '1');
    await failureOf(client.call('createSession', {}));
    await redis.admin.config('SET', 'maxmemory', '0');
    const { token: renewed } = await client.call('regenerateSession', { token });
    await failureOf(client.call('getSession', { token }));
    await client.call('invalidateSession', { token: renewed });
  }

  /** What comes of a query, once there is something: rules are evaluated a moment after what they ask for has arrived. */
  function dataOf(expr: string): Promise<readonly Series[]> {
    return until(`data of ${expr}`, async () => {
      const series = (await prometheus.query(expr)).filter(({ value: [, number] }) => number !== 'NaN');
      return series.length > 0 && series;
    });
  }

  test('gets every metric that docs/reference/metrics.md lists, with its type', async () => {
    const metadata = (await prometheus.get('targets/metadata')) as { metric: string; type: string }[];
    // Prometheus asks for OpenMetrics, where a counter has a name without what its samples end with.
    const nameOf = ({ metric, type }: (typeof metadata)[number]) => (type === 'counter' ? `${metric}_total` : metric);
    const arrived = new Map(metadata.map((one) => [nameOf(one), one.type]));
    expect(Object.fromEntries([...arrived].filter(([name]) => documentedMetrics.has(name)))).toEqual(
      Object.fromEntries(documentedMetrics),
    );
    const names = (await prometheus.get('label/__name__/values')) as string[];
    const missing = [...documentedSeries].filter((name) => !names.includes(name));
    expect(missing.filter((name) => !comeAndGo.some((start) => name.startsWith(start)))).toEqual([]);
  });

  test('adds nothing to them: no sample is dropped, and no label clashes', async () => {
    const samples = Number((await prometheus.query('scrape_samples_scraped'))[0]?.value[1]);
    const kept = Number((await prometheus.query('scrape_samples_post_metric_relabeling'))[0]?.value[1]);
    expect(samples).toBeGreaterThan(100);
    expect(kept).toBe(samples);
    expect(await prometheus.query('{__name__=~".+", exported_job!=""}')).toEqual([]);
  });

  test('evaluates every rule without an error, and fires the alert that the load gives a reason for', async () => {
    const { groups } = (await prometheus.get('rules')) as { groups: { rules: { name: string; health: string }[] }[] };
    const evaluated = groups.flatMap((group) => group.rules);
    expect(evaluated.map(({ name, health }) => `${name} ${health}`).sort()).toEqual(
      rules.map(({ alert, record }) => `${alert ?? record} ok`).sort(),
    );
    const firing = await dataOf('ALERTS{alertstate="firing"}');
    expect(firing.map(({ metric }) => metric['alertname'])).toEqual(['SessionSidecarStoreFull']);
  });

  test.each(rules.flatMap(({ record }) => record ?? []))('has data of the recording rule %s', async (name) => {
    await dataOf(`${name}{namespace="shop", job="web"}`);
  });

  test.each(queries)('has data for the panel "$title": $expr', async ({ expr }) => {
    const query = expr.replaceAll('$__rate_interval', '1m').replaceAll('$namespace', 'shop').replaceAll('$job', 'web');
    await dataOf(query);
  });

  test('offers the namespaces and apps that the dashboard lets choose from', async () => {
    expect(await prometheus.get('label/namespace/values?match[]=session_sidecar_build_info')).toEqual(['shop']);
    expect(await prometheus.get('label/job/values?match[]=session_sidecar_build_info')).toEqual(['web']);
  });

  test('keeps as few series after thousands of tokens, bad tokens and unknown methods as before', async () => {
    const count = async () => {
      const { samples } = await metricsOf(sidecar);
      return samples.filter(({ name }) => name.startsWith('session_sidecar_')).length;
    };
    const numbers = Array.from({ length: 1000 }, (_, number) => number);
    const flood = async () => {
      await inBatches(numbers, async () => {
        const unique = String(Math.random());
        const { token } = await client.call('createSession', {});
        await client.call('updateSession', { token, subject: unique, mutations: [mutation.set(unique, '1')] });
        await failureOf(client.call('getSession', { token: `${unique}.${token}` }));
        await failureOf(client.call('getSession', { token: token.replace(/.{5}$/, 'AAAAA') }));
        await failureOf(client.send(`Method${unique}`, Buffer.alloc(0)));
      });
      const connection = connectBare(sidecar.address);
      const pipeline = openPipeline(connection);
      await inBatches(numbers, (number) => {
        pipeline.send({ calls: [{ id: number + 1, method: `Method${Math.random()}` }] });
        return failureOf(pipeline.reply(number + 1));
      });
      pipeline.cancel();
      connection.close();
    };
    await flood();
    const after = await count();
    await flood();
    expect(await count()).toBe(after);
    expect(after).toBeLessThan(600);
    await prometheus.scrapedAnew();
    const inPrometheus = Number((await prometheus.query('scrape_samples_scraped'))[0]?.value[1]);
    expect(inPrometheus).toBeLessThan(800);
  });

  test('gets metrics to which promtool objects only where prom-client names those of Node.js', async () => {
    const { text } = await probe(`${sidecar.httpUrl}/metrics`);
    const check = () => run('promtool', ['check', 'metrics'], text);
    expect(check).toThrow('nodejs_active_handles_total non-counter metrics should not have "_total" suffix');
    expect(check).not.toThrow(/^(?!nodejs_active_)\w+ .*(should|must|not)/m);
  });
});
