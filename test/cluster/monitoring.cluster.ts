import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { render } from '../support/manifests';
import { until } from '../support/poll';
import { probe } from '../support/process';
import { stackForAllTests } from '../support/stack';
import { env, run } from '../support/tools';
import { defineMonitoring, patienceMs, restrictedNamespace } from './kubectl';
import type { Namespace } from './kubectl';
import { runProgram } from './programs';
import { deployShop, urlOf, web } from './shop';
import { signIn } from './visitors';

const stack = stackForAllTests();
const api = 'https://10.203.0.1:6443';
const prometheusUrl = 'http://127.0.0.1:19090';

let shop: Namespace;
let monitoring: Namespace;

beforeAll(async () => {
  await defineMonitoring();
  shop = await deployShop('shop');
  monitoring = await restrictedNamespace('monitoring');
  const objects = render('sentinel').filter(({ kind }) => kind === 'PodMonitor' || kind === 'PrometheusRule');
  await shop.apply(objects);
  const all = { podMonitorSelector: {}, podMonitorNamespaceSelector: {}, ruleSelector: {}, ruleNamespaceSelector: {} };
  // It writes for the Prometheus of this machine, which is older than its default.
  const [version] = /\d+\.\d+\.\d+/.exec(run('prometheus', ['--version']) ?? '') ?? [];
  await monitoring.apply([
    {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'Prometheus',
      metadata: { name: 'all' },
      spec: { ...all, replicas: 0, version: `v${version}` },
    },
  ]);
  const pki = (name: string) => join(process.env['KUBECONFIG']!, '..', 'pki', name);
  runProgram('prometheus-operator', [
    ...[
      '--apiserver',
      api,
      '--ca-file',
      pki('ca.crt'),
      '--cert-file',
      pki('admin.crt'),
      '--key-file',
      pki('admin.key'),
    ],
    ...['--web.listen-address', '127.0.0.1:18080'],
  ]);
});

afterAll(() => Promise.all([shop.remove(), monitoring.remove()]));

test('The Prometheus operator turns PodMonitor and PrometheusRule into a configuration that scrapes every sidecar', async () => {
  const directory = stack.directory();
  const config = await until('the configuration', () => fromOperator().catch(() => undefined), patienceMs);
  writeFileSync(join(directory, 'rules.yaml'), config.rules);
  writeFileSync(join(directory, 'prometheus.yaml'), onTheNode(config.prometheus, directory));
  process.env['PATH'] = env.PATH;
  runProgram('prometheus', [
    ...['--config.file', join(directory, 'prometheus.yaml'), '--storage.tsdb.path', join(directory, 'data')],
    ...['--web.listen-address', '127.0.0.1:19090'],
  ]);
  await signIn(await urlOf(shop), 'Ada');
  const pods = await shop.readyPods(web, 2);
  const up = await until(
    'both sidecars to be scraped',
    async () => {
      const found = await query('up{container="session-sidecar"}');
      return found.length === 2 && found.every(({ value }) => value[1] === '1') && found;
    },
    patienceMs,
  );
  const labels = pods.map(({ metadata }) => ({ namespace: 'shop', job: 'web', pod: metadata.name }));
  expect(up.map(({ metric }) => metric)).toEqual(
    expect.arrayContaining(labels.map((one) => expect.objectContaining(one))),
  );
  const { text: body } = await probe(`${prometheusUrl}/api/v1/rules`);
  const groups = JSON.parse(body).data.groups as { name: string; rules: { health: string; state?: string }[] }[];
  expect(groups.map(({ name }) => name)).toEqual(['session-sidecar.alerts', 'session-sidecar.recording']);
});

/** What the operator has generated. @throws Error if it has not, yet */
async function fromOperator(): Promise<{ readonly prometheus: string; readonly rules: string }> {
  const secret = await monitoring.get('secret', 'prometheus-all');
  const prometheus = gunzipSync(Buffer.from(secret['data']['prometheus.yaml.gz'], 'base64')).toString();
  const { data } = await monitoring.get('configmap', 'prometheus-all-rulefiles-0');
  const [rules] = Object.values(data as Record<string, string>);
  if (!prometheus.includes('podMonitor/shop/session-sidecar') || rules === undefined) throw new Error('not yet');
  return { prometheus, rules };
}

/** For a Prometheus outside of the pods: where the API is, how to come in, and where the rules are. */
function onTheNode(config: string, directory: string): string {
  const token = 'test';
  const access = `api_server: ${api}\n$1  tls_config: {insecure_skip_verify: true}\n$1  authorization: {credentials: ${token}}`;
  return config
    .replaceAll(/^( *)- role: pod$/gm, `$1- role: pod\n$1  ${access}`)
    .replaceAll(/\/etc\/prometheus\/rules\/[^\s]*/g, join(directory, '*rules.yaml'));
}

async function query(expression: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> {
  const url = `${prometheusUrl}/api/v1/query?query=${encodeURIComponent(expression)}`;
  const body = await probe(url).then(
    (reply) => reply.text,
    () => '{"data":{"result":[]}}',
  );
  return JSON.parse(body).data.result;
}
